"""The user's own functions for commission, slippage and fill size. Values are worked out in comments."""

from typing import Any

import numpy as np
import pytest

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
    bars = bt.Bars([0, 60 * SECOND, 120 * SECOND], *([[100.0] * 3] * 4), interval="1min")
    orders = bt.Orders([30 * SECOND], "A", "buy", 4)
    result = bt.run({"A": bars}, orders, cost_model=bt.CostModel(commission=commission), progress=False)
    assert result.trades["commission"].tolist() == [3.25]  # 0.5 * 4 + 0.25 + 1
