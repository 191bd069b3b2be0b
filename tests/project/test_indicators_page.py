"""The table of docs/indicators.md has every indicator, with its arguments, values and first row."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from indicator_cases import Case as IndicatorCase
from indicator_cases import as_tuple, inputs_of, market

from btcore import indicators
from btcore.indicators.table import INDICATORS, Description

PAGE = Path(__file__).parents[2] / "docs" / "indicators.md"


def rows() -> dict[str, list[str]]:
    """The cells of each row, by the name of its indicator."""
    text = PAGE.read_text().replace("\\|", "")
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    return {row[0].strip("`"): row[1:] for row in found if len(row) == 7 and row[0].startswith("`")}


def arguments(described: Description) -> str:
    given = [
        each.name if each.default is None else f"{each.name} {each.default:g}"
        for each in described.parameters
    ]
    return ", ".join([*described.inputs, *given])


def test_the_table_has_every_indicator() -> None:
    assert list(rows()) == list(INDICATORS)
    assert set(INDICATORS) == set(indicators.__all__) - {"Indicator"}


@pytest.mark.parametrize("name", INDICATORS)
def test_arguments_and_values_are_those_of_the_page(name: str) -> None:
    described, (given, values, *_) = INDICATORS[name], rows()[name]
    assert given == arguments(described)
    assert values == (", ".join(described.fields) if described.result else "")


@pytest.mark.parametrize("name", sorted(set(INDICATORS) - {"adx", "keltner"}))
def test_the_first_value_is_at_the_row_of_the_page(name: str) -> None:
    """The cells of the other two are in words; tests/unit/indicators/test_by_hand.py has them."""
    cell = rows()[name][3]
    (formula,) = re.findall("`([^`]+)`", cell) or [cell]
    described = INDICATORS[name]
    parameters: dict[str, Any] = {each.name: each.default or 7 for each in described.parameters}
    case = IndicatorCase(name, tuple(parameters.values()))
    expected = eval(formula, {}, {**parameters, "n": parameters.get("period")})
    found = as_tuple(getattr(indicators, name)(*inputs_of(case, market(1, 80)), *case.parameters))
    assert [int(np.flatnonzero(np.isfinite(values))[0]) for values in found] == [expected] * len(found)
