"""Constraints of parameter sets: comparisons written as a text, or functions."""

import ast
import operator
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from btcore.data.conversions import import_library
from btcore.errors import ConfigError, near_name

from .space import Params

EXTRA = "'btcore[search]'"
LONGEST_TEXT = 1_000  # characters; bounds the depth of what is parsed
Constraint = str | Callable[[Params], bool]
Constraints = Constraint | Sequence[Constraint] | None


def _of_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """The operator for numbers alone: of a text, `*` and `%` could make values of any length."""

    def apply(*operands: Any) -> Any:
        for operand in operands:
            if not isinstance(operand, int | float):
                raise TypeError(f"{operand!r} is not a number")
        return function(*operands)

    return apply


ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _of_numbers(operator.add),
    ast.Sub: _of_numbers(operator.sub),
    ast.Mult: _of_numbers(operator.mul),
    ast.Div: _of_numbers(operator.truediv),
    ast.FloorDiv: _of_numbers(operator.floordiv),
    ast.Mod: _of_numbers(operator.mod),
    ast.USub: _of_numbers(operator.neg),
    ast.UAdd: _of_numbers(operator.pos),
}
COMPARISONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
OPERATORS: dict[type, Any] = {**ARITHMETIC, **COMPARISONS, ast.Not: operator.not_}
ALLOWED = (*OPERATORS, ast.And, ast.Or, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Name, ast.Load)
WORDS = "names of parameters, numbers, texts, + - * / // %, comparisons, and, or, not and parentheses"


def make_constraints(given: Constraints, names: Collection[str]) -> Callable[[Params], bool] | None:
    """Whether a parameter set keeps all constraints, as one function; None for no constraints.

    given: `"short_period < long_period"`, a function of the parameter set, or a list of these. A text may
        have names of parameters, numbers, texts, arithmetic, comparisons and `and`, `or`, `not`.

    Raises ConfigError for anything else. The function raises it for a set on which one fails, or gives
    something other than True or False.
    """
    if given is None:
        return None
    if isinstance(given, str) or callable(given):
        return _constraint("constraints", given, names)
    if not isinstance(given, list | tuple):
        raise ConfigError(f"constraints: {given!r} is not a text, a function or a list of these")
    checks = [_constraint(f"constraints[{i}]", item, names) for i, item in enumerate(given)]
    if not checks:
        return None
    return lambda params: all(check(params) for check in checks)


def _constraint(where: str, given: Any, names: Collection[str]) -> Callable[[Params], bool]:
    if isinstance(given, str):
        evaluate, shown = _of_text(where, given, names), repr(given)
    elif callable(given):
        evaluate, shown = given, getattr(given, "__name__", repr(given))
    else:
        raise ConfigError(f"{where}: {given!r} is not a text or a function of the parameters")

    def check(params: Params) -> bool:
        try:
            kept = evaluate(dict(params))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            raise ConfigError(f"{where}: {shown} fails for {params}: {text}") from error
        if not isinstance(kept, bool | np.bool_):
            raise ConfigError(f"{where}: {shown} gives {kept!r} for {params}, not True or False")
        return bool(kept)

    return check


def _of_text(where: str, text: str, names: Collection[str]) -> Callable[[Params], Any]:
    library = import_library("simpleeval", EXTRA)
    node = _parsed(where, text, names)
    evaluator = library.SimpleEval(operators=OPERATORS, functions={}, names={})

    def evaluate(params: Params) -> Any:
        evaluator.names = params
        return evaluator.eval(text, node)

    return evaluate


def _parsed(where: str, text: str, names: Collection[str]) -> ast.AST:
    """The expression of `text`; ConfigError for any part that a constraint may not have."""
    if len(text) > LONGEST_TEXT:
        raise ConfigError(f"{where}: {len(text)} characters are more than {LONGEST_TEXT}")
    try:
        body = ast.parse(text.strip(), mode="eval").body
        parts = list(ast.walk(body))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or str(error) or "too deeply nested"
        raise ConfigError(f"{where}: {text!r} is not an expression: {reason}") from error
    for part in parts:
        is_plain = isinstance(part, ast.Constant) and isinstance(part.value, bool | int | float | str | None)
        if not is_plain and not isinstance(part, ALLOWED):
            shown = ast.unparse(part) or type(part).__name__
            raise ConfigError(f"{where}: {shown!r} is not allowed in a constraint, only {WORDS}")
    for part in parts:
        if isinstance(part, ast.Name) and part.id not in names:
            known = f"params has {', '.join(names) or 'none'}"
            raise ConfigError(f"{where}: {part.id!r} is no parameter{near_name(part.id, names)}; {known}")
    return body
