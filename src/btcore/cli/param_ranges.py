"""Ranges of parameters as texts: `int:5:50:5`, `float:0.1:0.5:0.1`, `log:0.001:0.1`, and `5:50:5`."""

from collections.abc import Callable
from typing import Any, NamedTuple

from btcore.errors import ConfigError, near_name

PARAM_HELP = (
    "a parameter and its values: V is JSON (a list is several values), int:LOW:HIGH:STEP, "
    "float:LOW:HIGH:STEP or log:LOW:HIGH with HIGH included and STEP optional, or START:STOP:STEP, whole "
    "numbers without STOP"
)


class Form(NamedTuple):
    """A kind of range: the name of its class in `btcore`, what its numbers are, and the forms of its text."""

    range: str
    number: Callable[[str], Any]
    forms: tuple[str, ...]
    example: str


FORMS = {
    "int": Form("IntRange", int, ("int:LOW:HIGH", "int:LOW:HIGH:STEP"), "int:5:50:5"),
    "float": Form("FloatRange", float, ("float:LOW:HIGH", "float:LOW:HIGH:STEP"), "float:0.1:0.5:0.1"),
    "log": Form("LogUniform", float, ("log:LOW:HIGH",), "log:0.001:0.1"),
}
PLAIN = ("START:STOP", "START:STOP:STEP")
MAX_VALUES = 1_000_000  # of one parameter of a grid; more are a slip


def with_ranges(params: dict[str, Any], *, is_grid: bool) -> dict[str, Any]:
    """`params` with ranges in place of their texts, which are those with a colon.

    ConfigError, which begins with `params.NAME`, for a text with a colon that is no range, and one that has
    more than MAX_VALUES values of a grid.
    """
    found = dict(params)
    for name, value in params.items():
        if isinstance(value, str) and ":" in value:
            found[name] = _range_of(f"params.{name}", value)
            if is_grid and _is_large(found[name]):
                raise ConfigError(f"params.{name}: {value!r} is more than {MAX_VALUES:,} values")
    return found


def _is_large(given: Any) -> bool:
    if isinstance(given, range):
        return len(given[MAX_VALUES : MAX_VALUES + 1]) > 0  # a long range has no len()
    values = given.grid_values()
    return values is not None and len(values) > MAX_VALUES


def _range_of(where: str, text: str) -> Any:
    kind, *numbers = text.split(":")
    form = FORMS.get(kind.strip())
    if form is None:
        return _whole_numbers(where, text)
    forms = [each.split(":") for each in form.forms]
    try:
        values = [form.number(number) for number in numbers]
        if len(values) + 1 not in map(len, forms):
            raise ValueError(len(values))
    except ValueError:
        raise ConfigError(
            f"{where}: {text!r} is not {' or '.join(form.forms)}, as in {form.example}"
        ) from None

    from btcore.research.search import ranges

    try:
        return getattr(ranges, form.range)(*values)
    except ConfigError as error:
        raise ConfigError(f"{where}: {text!r}: {error}") from error


def _whole_numbers(where: str, text: str) -> range:
    try:
        start, stop, *step = map(int, text.split(":"))
        return range(start, stop, *step)
    except (ValueError, TypeError):
        forms = ", ".join((*PLAIN, *(form.forms[-1] for form in FORMS.values())))
        meant = near_name(text.partition(":")[0], FORMS)
        raise ConfigError(
            f"{where}: {text!r} is not {forms}{meant}; a text with a colon is a value in a list, [{text!r}]"
        ) from None
