"""Texts of numbers, as people and vendors write them -> texts as Python writes numbers; polars columns."""

from collections.abc import Mapping
from sys import float_info
from typing import Any, NamedTuple

from btcore.errors import DataError

# What vendors write for "none": the extremes of int64 and uint64, and the largest float.
NO_VALUES = (2**63 - 1, -(2**63), 2**64 - 1, float_info.max)
MISSING = (
    *("", "null", "nan", "na", "n/a", "#n/a", "none", "nil", "-", "--", ".", "\N{EN DASH}", "\N{EM DASH}"),
    *(str(number) for number in NO_VALUES if isinstance(number, int)),
)

_CURRENCIES = "$\N{EURO SIGN}\N{POUND SIGN}\N{YEN SIGN}\N{INDIAN RUPEE SIGN}"
_SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_GROUPS = _SPACES + "'\N{RIGHT SINGLE QUOTATION MARK}"  # they separate thousands, and nothing else
_SUFFIXES = {"K": "e3", "M": "e6", "B": "e9", "T": "e12"}
_MINUS = "\N{MINUS SIGN}"
_AROUND = f"-+{_MINUS}(){_CURRENCIES}{_SPACES}%KkMmBbTt"


class Form(NamedTuple):
    """How texts write numbers: the decimal point, and what separates thousands; None: inferred."""

    decimal: str | None = None
    thousands: str | None = None


def is_canonical(texts: Any) -> bool:
    """Whether each text is a number as Python writes it, or stands for none."""
    import polars as pl

    stripped = texts.str.strip_chars()
    failed = stripped.filter(stripped.cast(pl.Float64, strict=False).is_null())
    return bool(failed.str.to_lowercase().is_in(list(MISSING)).fill_null(True).all())


def cleaned(texts: Any) -> Any:
    """Without spaces around; those that stand for none are null."""
    import polars as pl

    stripped = texts.str.strip_chars(f"{_SPACES}\t")
    none = stripped.str.to_lowercase().is_in(list(MISSING)).fill_null(True)
    return pl.select(pl.when(~none).then(stripped)).to_series()


def find_form(texts: Mapping[str, Any], form: Form) -> Form:
    """The decimal point of all columns: that of a number which can be read in one way only.

    DataError if there are two, and for numbers such as 1,234, which is 1234 or 1.234, with no other to tell.
    """
    if form.decimal is not None:
        return form
    if form.thousands in {".", ","}:
        return Form("," if form.thousands == "." else ".", form.thousands)
    found: dict[str, str] = {}
    unsure: dict[str, str] = {}
    for name, column in texts.items():
        core = column.str.strip_chars(_AROUND).str.replace_all(f"[{_GROUPS}_]", "")
        for point, group in ((".", r","), (",", r"\.")):
            mark = "\\" + point
            three = rf"^[1-9]\d{{0,2}}{mark}\d{{3}}$"
            grouped = rf"^\d{{1,3}}({group}\d{{3}})+{mark}\d*$|^[1-9]\d{{0,2}}({group}\d{{3}}){{2,}}$"
            sure = rf"^\d*{mark}\d*$|{grouped}"
            either = core.str.contains(three)
            for mask, examples in ((core.str.contains(sure) & ~either, found), (either, unsure)):
                if point not in examples and mask.any():
                    examples[point] = f"{name} {column.filter(mask)[0]!r}"
    if len(found) > 1:
        raise DataError(
            f"numbers are written in two ways: {found['.']} and {found[',']}; "
            'pass decimal="." or decimal="," if one is wrong'
        )
    if not found and "," in unsure:
        raise DataError(
            f"{unsure[',']} can be read in two ways, with a decimal comma or with a comma between thousands; "
            'pass decimal="," or decimal="."'
        )
    return Form(next(iter(found), "."), form.thousands)


def unstyled(texts: Any, form: Form) -> tuple[Any, list[str]]:
    """The texts as Python writes numbers, "?" for those that are none; what was different about them."""
    import polars as pl

    point = form.decimal or "."
    group = f"[{_escaped(form.thousands or _GROUPS + (',' if point == '.' else '.'))}]"
    mark = "\\" + point
    if texts.str.contains(rf"^[-+]?{_body(group, mark)}$").fill_null(True).all():
        return _without_groups(texts, group, point), _styles_of_body(texts, group, point)
    parts = texts.str.extract_groups(_pattern(group, mark)).struct.unnest()
    negative = parts["open"] == "("
    minus = parts["sign"].is_in(["-", _MINUS]) | parts["late"].is_in(["-", _MINUS])
    signs = sum(
        (there.cast(pl.Int8) for there in (parts["sign"] != "", parts["late"] != "")), negative.cast(pl.Int8)
    )
    suffix = parts["suffix"].str.to_uppercase()
    power = suffix.replace_strict({"": "", **_SUFFIXES}, default=None, return_dtype=pl.String)
    number = pl.select(
        pl.when(negative | minus).then(pl.lit("-")).otherwise(pl.lit(""))
        + _without_groups(parts["body"], group, point)
        + parts["power"].fill_null("")
        + power
    ).to_series()
    sane = (signs <= 1) & (negative == (parts["close"] == ")")) & ((suffix == "") | parts["power"].is_null())
    sane = (parts["body"].is_not_null() & sane).fill_null(False)
    styles = {
        "signs of a currency are left out": ((parts["money"] != "") | (parts["after"] != "")).any(),
        "K, M, B, T stand for thousands, millions and so on": (suffix != "").any(),
        "numbers in parentheses are negative": negative.any(),
    }
    found = [style for style, there in styles.items() if there]
    plain = pl.when(sane).then(number).when(texts.is_not_null()).then(pl.lit("?"))
    return pl.select(plain).to_series(), _styles_of_body(parts["body"], group, point) + found


def _without_groups(texts: Any, group: str, point: str) -> Any:
    return texts.str.replace_all(group, "").str.replace(point, ".", literal=True)


def _styles_of_body(texts: Any, group: str, point: str) -> list[str]:
    comma = point == "," and texts.str.contains(point, literal=True).any()
    grouped = texts.str.contains(group).any()
    return ["',' is the decimal point"] * comma + ["thousands are separated"] * grouped


def _body(group: str, mark: str) -> str:
    """Digits, in groups of three or not, and a decimal part."""
    return rf"(?:(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)(?:{mark}\d*)?|{mark}\d+)"


def _pattern(group: str, mark: str) -> str:
    """A number in its parts, with an optional sign, currency, parentheses and suffix around it."""
    sign, money, gap = f"[-+{_MINUS}]?", f"[{_CURRENCIES}]?", f"[{_SPACES}]*"
    before = rf"(?P<open>\(?){gap}(?P<sign>{sign}){gap}(?P<money>{money}){gap}(?P<late>{sign}){gap}"
    after = rf"{gap}(?P<suffix>[KkMmBbTt]?){gap}(?P<after>{money}){gap}(?P<close>\)?)"
    return rf"^{before}(?P<body>{_body(group, mark)})(?P<power>[eE][-+]?\d+)?{after}$"


def _escaped(characters: str) -> str:
    return "".join(rf"\{x}" if x in ".-]^" else x for x in characters)
