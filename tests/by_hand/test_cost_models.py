"""The user's own functions for commission, slippage and fill size. Values are worked out in comments."""

from typing import Any

import numpy as np
import pytest
from engines import EngineRun
from hand_cases import bars, buy, ends, fills, play, sell
from hand_cases import quotes as rows_of_quotes

import btcore as bt
from btcore import jit

SECOND = 10**9


def quotes(*rows: tuple[float, ...]) -> bt.Quotes:
    columns = list(zip(*rows, strict=True))
    return bt.Quotes([int(t * SECOND) for t in columns[0]], *columns[1:])


class Buy(bt.Strategy):
    """Buys at the first quote, sells at the third."""

    def __init__(self, **terms: Any) -> None:
        super().__init__()
        self.terms, self.count = terms, 0

    def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
        self.count += 1
        if self.count == 1:
            ctx.buy("A", 10, **self.terms)
        elif self.count == 3:
            ctx.sell("A", 10)


DATA = {"A": quotes((1, 99, 100), (2, 99, 100), (3, 109, 110))}


def commission(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return 0.5 * quantity + 0.25 * side + instrument.multiplier + 3.0 * (1 - liquidity)


def slippage(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return price + side * 0.125 * quantity


def fill_size(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return 0.5 * quantity


def played(model: bt.CostModel, **terms: Any) -> bt.Result:
    settings = {"instruments": {"A": bt.Instrument(multiplier=2.0, lot_size=1.0)}}
    return bt.run(DATA, Buy(**terms), cost_model=model, progress=False, **settings)


FLAT = rows_of_quotes((0, 99, 100), (1, 99, 100), (2, 99, 100))


def test_commission_of_takers_and_makers(engine: EngineRun) -> None:
    # The buy: 0.5 * 10 + 0.25 + 2 = 7.25. The resting sale of 4 at 99.5 is a maker's: 2 - 0.25 + 2 + 3.
    market = rows_of_quotes((0, 99, 100), (1, 99, 100), (2, 100, 101))
    plan = {0: buy(10), 1: sell(4, limit=99.5)}
    outcome = play(
        engine, plan, {"A": market}, {"A": bt.Instrument(multiplier=2.0)},
        cost_model=bt.CostModel(commission=commission), initial_capital=10_000.0,
    )  # fmt: skip
    assert [fill["commission"] for fill in outcome.fills] == [7.25, 6.75]
    assert outcome.equity[-1]["cash"] == 10_000 - 2000 - 7.25 + 796 - 6.75


def test_slippage_ends_at_the_limit_and_the_band(engine: EngineRun) -> None:
    # 100 + 0.125 * 10 = 101.25; within the limit of 101; within the band of 100.5.
    model = bt.CostModel(slippage=slippage)
    for terms, instrument, price in (
        ({}, bt.Instrument(), 101.25),
        ({"limit": 101.0}, bt.Instrument(), 101.0),
        ({}, bt.Instrument(price_bands=[(0, 50.0, 100.5)]), 100.5),
    ):
        outcome = play(engine, {0: buy(10, **terms)}, {"A": FLAT}, {"A": instrument}, cost_model=model)
        assert fills(outcome) == [(0, 1, 10, price, "taker")]


def test_the_size_is_of_what_is_open_and_shown(engine: EngineRun) -> None:
    # 8 are shown: half of 8 is 4. At the next quote 6 are open and 8 shown: half of 6 is 3.
    # Then half of 3 is 1.5, in lots 1.
    market = rows_of_quotes((0, 99, 100, 8, 8), (1, 99, 100, 8, 8), (2, 99, 100, 8, 8))
    model = bt.CostModel(fill_size=fill_size)
    instruments = {"A": bt.Instrument(lot_size=1.0)}
    outcome = play(engine, {0: buy(10)}, {"A": market}, instruments, cost_model=model, displayed_size=True)
    assert [fill[2] for fill in fills(outcome)] == [4, 3, 1]
    outcome = play(engine, {0: buy(10, time_in_force="FOK")}, {"A": FLAT}, cost_model=model)
    assert ends(outcome) == [("CANCELED", "fok", 0)]


def test_what_is_closed_at_the_end_of_the_data_fills_whole(engine: EngineRun) -> None:
    # Of 10, 5, 2.5 and 1.25 are bought. The sale of the 8.75 at the end is not halved.
    model = bt.CostModel(fill_size=fill_size)
    outcome = play(engine, {0: buy(10)}, {"A": FLAT}, cost_model=model, close_at_end=True)
    assert [fill[2] for fill in fills(outcome)] == [5, 2.5, 1.25, -8.75]


def test_a_cash_account_pays_the_commission_of_the_model(engine: EngineRun) -> None:
    # Admitted at 40. At 100 the 500 do not pay 10 and 0.5 * 10 + 0.25 + 1 = 6.25.
    # 493.75 buy 4 lots, whose commission is 2 + 0.25 + 1.
    rising = bars((0, 40, 40, 40, 40), (1, 100, 100, 100, 100))
    outcome = play(
        engine, {1: buy(10)}, {"A": rising}, {"A": bt.Instrument(lot_size=1.0)}, account="cash",
        cost_model=bt.CostModel(commission=commission), initial_capital=500.0,
    )  # fmt: skip
    assert [(fill["quantity"], fill["commission"]) for fill in outcome.fills] == [(4.0, 3.25)]
    assert ends(outcome) == [("CANCELED", "cash", 1)]


def test_commission_is_what_the_function_returns() -> None:
    # 0.5 * 10 + 0.25 + 2 = 7.25; for the sale 0.5 * 10 - 0.25 + 2 = 6.75
    assert played(bt.CostModel(commission=commission)).trades["commission"].tolist() == [7.25, 6.75]


def test_slippage_is_a_price_within_the_limit() -> None:
    # 100 + 1.25, 109 - 1.25
    assert played(bt.CostModel(slippage=slippage)).trades["price"].tolist() == [101.25, 107.75]
    assert played(bt.CostModel(slippage=slippage), limit=101).trades["price"].tolist() == [101.0, 107.75]


def test_fill_size_is_rounded_down_to_lots() -> None:
    # Of 10: 5; then half of 5 is 2.5, in lots 2; at the third quote half of 3, so 1. The sale takes 5.
    trades = played(bt.CostModel(fill_size=fill_size)).trades
    assert trades["quantity"].tolist() == [5.0, 2.0, 1.0, 5.0]


def test_numba_functions_give_the_same_bytes() -> None:
    plain = bt.CostModel(commission, slippage, fill_size)
    compiled = bt.CostModel(*map(jit.cost_model, plain))
    ours, theirs = played(plain), played(compiled)
    assert ours.trades.tobytes() == theirs.trades.tobytes()
    assert ours.metrics == theirs.metrics


def raises(*_: Any) -> float:
    raise KeyError("no such venue")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            bt.CostModel(commission=lambda *_: np.nan),
            "cost_model.commission returned nan for a buy of 10 at 100",
        ),
        (bt.CostModel(slippage=lambda *_: -1.0), "cost_model.slippage returned -1.0 for a buy of 10 at 100"),
        (
            bt.CostModel(fill_size=lambda *_: -2.0),
            "cost_model.fill_size returned -2.0 for a buy of 10 at 100",
        ),
        (bt.CostModel(commission=raises), "cost_model.commission returned nan"),
    ],
)
def test_what_is_no_number_ends_the_run(model: bt.CostModel, words: str) -> None:
    with pytest.raises(bt.StrategyError, match=words) as caught:
        played(model)
    assert isinstance(caught.value.__cause__, KeyError) == (model.commission is raises)


def test_another_object_is_refused() -> None:
    with pytest.raises(bt.ConfigError, match="cost_model"):
        bt.run(DATA, Buy(), cost_model=commission, progress=False)  # type: ignore[arg-type]


def test_the_fingerprint_has_the_code() -> None:
    runs = [played(bt.CostModel(commission=each)) for each in (commission, commission, slippage)]
    one, same, other = (run.fingerprint for run in runs)
    assert one == same != other
    described = runs[0].manifest["run"]["cost_model"]["commission"]
    assert described["name"].endswith("commission")


def test_order_arrays_use_the_model() -> None:
    minutes = bt.Bars([0, 60 * SECOND, 120 * SECOND], *([[100.0] * 3] * 4), interval="1min")
    orders = bt.Orders([30 * SECOND], "A", "buy", 4)
    result = bt.run({"A": minutes}, orders, cost_model=bt.CostModel(commission=commission), progress=False)
    assert result.trades["commission"].tolist() == [3.25]  # 0.5 * 4 + 0.25 + 1
