"""docs/context.md names every callback, every method of the context, and every field of events and orders."""

import re
from pathlib import Path

import pytest

import btcore as bt
from btcore.strategies.callbacks.strategy import HOOKS

PAGE = (Path(__file__).parents[2] / "docs" / "context.md").read_text()
FOR_THE_RUN = {"attach_data", "finish_indicators"}  # called by btcore, not by strategies


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def names(text: str) -> set[str]:
    """The names in code, without arguments."""
    return {re.match(r"\w+", code)[0] for code in re.findall(r"`([^`]+)`", text)}  # type: ignore[index]


def row(text: str, name: str) -> set[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
    return names(line) - {name}


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_every_callback_is_there() -> None:
    assert {name for name in names(section("Callbacks")) if name.startswith("on_")} == set(HOOKS)


def test_every_method_of_the_context_is_there() -> None:
    first_cells = "\n".join(line.split("|")[1] for line in section("Context").splitlines() if "|" in line)
    assert names(first_cells) == public(bt.Context) - FOR_THE_RUN


@pytest.mark.parametrize("event", [bt.BarEvent, bt.QuoteEvent, bt.TradeEvent, bt.FillEvent])
def test_every_field_of_an_event_is_there(event: type) -> None:
    assert row(section("Events"), event.__name__) == public(event)


def test_every_field_of_an_order_is_there() -> None:
    assert row(section("Orders"), "Ticket") == public(bt.Ticket) - public(int)
    own = public(bt.OrderState) - public(tuple)
    assert row(section("Orders"), "OrderState") == own
