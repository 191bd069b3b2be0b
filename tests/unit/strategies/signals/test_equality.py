"""`bt.Signals` beside the same rules as callbacks and beside vectorbt; in sweeps and leakcheck."""

from typing import Any, ClassVar

import numpy as np
import pytest
from random_walks import DAY, START, bars, same_results

import btcore as bt

N = 400


class Rules(bt.Strategy):
    """The rules of docs/strategies.md in Python; it acts after the last bar of a moment."""

    def __init__(self, columns: dict[str, dict[str, np.ndarray]]) -> None:
        super().__init__()
        self.columns = columns

    def on_start(self, ctx):
        self.row = dict.fromkeys(self.columns, -1)
        self.entry, self.side, self.group = ({} for _ in range(3))
        self.entries = set()

    def works(self, ctx, orders, symbol):
        order_id = orders.get(symbol)
        return order_id is not None and ctx.order(order_id).status in (
            bt.OrderStatus.NEW, bt.OrderStatus.PARTIALLY_FILLED
        )  # fmt: skip

    def stance(self, ctx, symbol):
        if self.works(ctx, self.entry, symbol):
            return self.side[symbol]
        return int(np.sign(self.held(ctx, symbol)))

    def held(self, ctx, symbol):
        """The position after its exits at the market."""
        exits = [ctx.order(i) for i in ctx.open_orders(symbol) if i not in self.entries]
        leaves = [
            o.leaves_quantity if o.side == "buy" else -o.leaves_quantity
            for o in exits
            if o.order_type == "market"
        ]
        return ctx.position(symbol) + sum(leaves)

    def on_bar(self, ctx, bar):
        self.row[bar.symbol] += 1
        if bar.symbol != list(self.columns)[-1]:
            return
        entering = {symbol: self.decide(ctx, symbol) for symbol in self.columns}
        for symbol, side in entering.items():
            if side:
                self.enter(ctx, symbol, side)

    def decide(self, ctx, symbol):
        flags = [bool(self.columns[symbol][n][self.row[symbol]]) for n in ("le", "lx", "se", "sx")]
        le, lx, se, sx = flags
        if le and lx:
            le = lx = False
        if se and sx:
            se = sx = False
        if le and se:
            le = se = False
        now, side = self.stance(ctx, symbol), int(le) - int(se)
        if (now > 0 and (lx or side < 0)) or (now < 0 and (sx or side > 0)):
            self.leave(ctx, symbol)
        return 0 if side == now else side

    def leave(self, ctx, symbol):
        if self.works(ctx, self.entry, symbol):
            ctx.cancel(self.entry[symbol])
        held = self.held(ctx, symbol)
        if held:
            send = ctx.sell if held > 0 else ctx.buy
            send(symbol, abs(held), oco=self.group[symbol], reduce_only=self.is_delayed)
        self.entry[symbol] = None

    def on_fill(self, ctx, fill):
        if fill.order_id in self.entries and fill.order_id != self.entry[fill.symbol]:
            send = ctx.sell if fill.side in ("buy", 1) else ctx.buy
            send(fill.symbol, fill.quantity, oco=fill.order_id)

    def enter(self, ctx, symbol, side):
        at = {n: c[self.row[symbol]] for n, c in self.columns[symbol].items()}
        send, close = (ctx.buy, ctx.sell) if side > 0 else (ctx.sell, ctx.buy)
        limit = None if np.isnan(at["limit"]) else at["limit"]
        self.side[symbol] = side
        if self.by_weight:
            self.entry[symbol] = self.group[symbol] = ctx.order_target_percent(
                symbol, side / len(self.columns)
            )
            self.entries.add(self.entry[symbol])
            return
        self.entry[symbol] = self.group[symbol] = entry = send(symbol, at["size"], limit=limit)
        self.entries.add(entry)
        terms = {"parent": entry, "oco": entry, "reduce_only": True}
        if not np.isnan(at["stop_loss"]):
            close(symbol, at["size"], stop=-side * at["stop_loss"], from_fill=True, **terms)
        if not np.isnan(at["take_profit"]):
            close(symbol, at["size"], limit=side * at["take_profit"], from_fill=True, **terms)
        if not np.isnan(at["trailing_stop"]):
            close(symbol, at["size"], trail=100 * at["trailing_stop"], trail_by="percent", **terms)

    by_weight = is_delayed = False


def drawn(seed: int, symbols: str, kind: str) -> dict[str, dict[str, np.ndarray]]:
    """Random columns; `kind` is the fewest that it needs: "market", "exits" or "limits"."""
    rng = np.random.default_rng([seed, 1])
    columns = {}
    for symbol in symbols:
        flags = {name: rng.random(N) < 0.12 for name in ("le", "lx", "se", "sx")}
        some = {
            "size": rng.integers(1, 900, N).astype(float),
            "stop_loss": np.where(rng.random(N) < 0.7, rng.uniform(0.005, 0.05, N), np.nan),
            "take_profit": np.where(rng.random(N) < 0.7, rng.uniform(0.005, 0.05, N), np.nan),
            "trailing_stop": np.where(rng.random(N) < 0.3, rng.uniform(0.005, 0.05, N), np.nan),
            "limit": np.where(rng.random(N) < 0.5, rng.uniform(85, 115, N).round(2), np.nan),
        }
        for name in some:
            if (kind == "market" and name != "size") or (kind == "exits" and name == "limit"):
                some[name] = np.full(N, np.nan)
        columns[symbol] = flags | some
    return columns


def signals_of(data: dict[str, bt.Bars], columns: Any, *, sized: bool = True) -> bt.Signals:
    def by_symbol(name: str) -> dict[str, np.ndarray]:
        return {symbol: columns[symbol][name] for symbol in columns}

    names = ("size", "stop_loss", "take_profit", "trailing_stop", "limit") if sized else ()
    return bt.Signals(
        data,
        *(by_symbol(name) for name in ("le", "lx", "se", "sx")),
        **{name: by_symbol(name) for name in names},
    )


SETTINGS = {
    "plain": bt.Execution(),
    "costs": bt.Execution(slippage_bps=3, commission_bps=1),
    "close": bt.Execution(bar_fill="close"),
    "late": bt.Execution(latency_ms=3_600_000),
    "reports": bt.Execution(latency_ms=3_600_000, response_latency_ms=7_200_000),
    "capped": bt.Execution(volume_share=0.004),
    "credit": bt.Execution(leverage=3, intrabar="optimistic"),
}


@pytest.mark.parametrize("kind", ["market", "exits", "limits"])
@pytest.mark.parametrize("symbols", ["A", "ABC"])
@pytest.mark.parametrize("settings", list(SETTINGS))
def test_signals_equal_the_same_rules_as_callbacks(kind, symbols, settings):
    n_fills = 0
    for seed in range(4):
        data = {symbol: bars(N, seed=7 * seed + i) for i, symbol in enumerate(symbols)}
        columns = drawn(seed, symbols, kind)
        lots = 1 if settings in ("late", "reports", "capped") else 0  # so that sums are exact
        options: dict[str, Any] = {"execution": SETTINGS[settings], "initial_capital": 100_000.0}
        options["instruments"] = {symbol: bt.Instrument(lot_size=lots) for symbol in symbols}
        one = bt.run(data, signals_of(data, columns), **options)
        rules = Rules(columns)
        rules.is_delayed = settings == "reports"
        other = bt.run(data, rules, **options)
        assert same_results(one, other)
        n_fills += len(one.trades)
    assert n_fills > 200


@pytest.mark.parametrize("symbols", ["A", "ABC"])
def test_without_a_size_they_equal_order_target_percent(symbols):
    for seed in range(4):
        data = {symbol: bars(N, seed=7 * seed + i) for i, symbol in enumerate(symbols)}
        columns = drawn(seed, symbols, "market")
        options = {
            "execution": bt.Execution(slippage_bps=3, commission_bps=1),
            "instruments": {symbol: bt.Instrument(lot_size=1) for symbol in symbols},
        }
        one = bt.run(data, signals_of(data, columns, sized=False), **options)
        rules = Rules(columns)
        rules.by_weight = True
        other = bt.run(data, rules, **options)
        ours, theirs = one.orders, other.orders
        for name in ("sent_at", "symbol", "side", "quantity", "status", "average_price", "closed_at"):
            assert ours[name].tobytes() == theirs[name].tobytes(), name
        assert one.equity_curve.tobytes() == other.equity_curve.tobytes()
        assert len(ours) > 80


class TestVectorbt:
    """Numbers of vectorbt 1.2.0: Portfolio.from_signals of columns shifted by one bar, with price=open."""

    OPEN = np.array([10, 11, 12, 11, 10, 9, 10, 12, 13, 12, 11, 10.0])
    CLOSE = np.array([10.5, 11.5, 11.5, 10.5, 9.5, 9.5, 11, 12.5, 12.5, 11.5, 10.5, 10.0])
    BARS = bt.Bars(
        START + DAY * np.arange(12), OPEN, np.maximum(OPEN, CLOSE) + 0.25, np.minimum(OPEN, CLOSE) - 0.25,
        CLOSE,
        interval="1d",
    )  # fmt: skip

    @staticmethod
    def flags(*rows: int) -> np.ndarray:
        column = np.zeros(12, np.bool_)
        column[list(rows)] = True
        return column

    def play(self, *columns: Any, commission_bps: float = 0.0, **terms: Any) -> bt.Result:
        execution = bt.Execution(commission_bps=commission_bps)
        signals = bt.Signals(self.BARS, *columns, **terms)
        return bt.run({"A": self.BARS}, signals, execution=execution, initial_capital=1000.0)

    @staticmethod
    def records(result: bt.Result) -> list[tuple[int, float]]:
        """Bar and signed quantity of the fills of each bar, which vectorbt sums up."""
        sign = np.where(result.trades["side"] == "buy", 1, -1)
        at = ((result.trades["timestamp"] - START) // DAY).tolist()
        total: dict[int, float] = {}
        for day, quantity in zip(at, (sign * result.trades["quantity"]).tolist(), strict=True):
            total[day] = total.get(day, 0.0) + quantity
        return list(total.items())

    def test_both_sides_with_conflicts(self):
        le, lx = self.flags(1, 2, 6, 9), self.flags(0, 3, 6)
        se, sx = self.flags(4, 8, 9), self.flags(5, 10)
        result = self.play(le, lx, se, sx, size=10, commission_bps=10)
        assert self.records(result) == [(2, 10), (4, -10), (5, -10), (6, 10), (9, -10), (11, 10)]
        expected = [
            1000, 1000, 994.88, 984.88, 979.78, 974.69, 969.59, 969.59, 969.59, 974.47, 984.47, 989.37,
        ]  # fmt: skip
        assert result.equity_curve["equity"][1:].tolist() == pytest.approx(expected, abs=1e-9)

    def test_all_of_the_cash(self):
        result = self.play(self.flags(1, 2, 6, 9), self.flags(0, 3, 6))
        # vectorbt buys for all cash at the price of the fill, btcore at the close of the signal's bar.
        theirs = [(2, 83.3333333333), (4, -83.3333333333), (10, 75.7575757576)]
        ours = [(2, 1000 / 12), (4, -1000 / 12), (10, 2500 / 3 / 11.5)]
        assert [day for day, _ in self.records(result)] == [day for day, _ in theirs]
        assert [q for _, q in self.records(result)] == pytest.approx([q for _, q in ours], rel=1e-9)
        assert self.records(result)[0][1] == pytest.approx(theirs[0][1], rel=1e-9)

    def test_stop_and_target(self):
        """Levels that the bar of the entry does not reach: vectorbt tests them from the next bar on."""
        result = self.play(self.flags(1, 2, 6), size=10, stop_loss=0.08, take_profit=0.07)
        assert result.trades["price"].tolist() == [12, 11, 12, 13]
        assert self.records(result) == [(2, 10), (3, -10), (7, 10), (8, -10)]
        expected = [1000, 1000, 995, 990, 990, 990, 990, 995, 1000, 1000, 1000, 1000]
        assert result.equity_curve["equity"][1:].tolist() == expected


def means(data: bt.Bars, n: int) -> np.ndarray:
    return np.convolve(data.close, np.ones(n) / n)[: len(data)]


class TestSweep:
    DATA = bars(N, seed=3)

    def cross(self, fast: int, slow: int = 30, stop: float = 0.05) -> bt.Signals:
        if fast >= slow:
            raise bt.ConfigError(f"fast {fast} is not below slow {slow}")
        above = means(self.DATA, fast) > means(self.DATA, slow)
        return bt.Signals(self.DATA, above, ~above, stop_loss=stop)

    @pytest.mark.parametrize("workers", [1, 2])
    def test_each_row_is_that_of_a_run(self, workers):
        swept = bt.sweep(
            {"A": self.DATA}, self.cross, {"fast": [5, 10, 40], "slow": [20, 30]}, workers=workers
        )
        assert swept.params["fast"].tolist() == [5, 5, 10, 10]
        assert [refusal.reason for refusal in swept.refused] == [
            "fast 40 is not below slow 20", "fast 40 is not below slow 30",
        ]  # fmt: skip
        for i in range(len(swept)):
            params = {name: int(column[i]) for name, column in swept.params.items()}
            alone = bt.run({"A": self.DATA}, self.cross(**params))
            assert swept.metrics["total_return"][i] == alone.metrics["total_return"]
            assert same_results(swept.run(i), alone)

    def test_a_lambda_and_other_arrays(self):
        swept = bt.sweep(
            {"A": self.DATA}, lambda day: bt.Orders(self.DATA.end[[day]], "A", "buy", 1), {"day": [1, 9]}
        )
        assert swept.run(1).trades["price"].tolist() == [self.DATA.open[10]]

    def test_what_is_refused(self):
        with pytest.raises(
            bt.ConfigError,
            match=r"params\.fats: the strategy has no such parameter .did you mean 'fast'.*only fast",
        ):
            bt.sweep({"A": self.DATA}, self.cross, {"fats": [1]})
        with pytest.raises(
            bt.ConfigError, match="every parameter set is refused, the first because fast 9 is"
        ):
            bt.sweep({"A": self.DATA}, self.cross, {"fast": [9], "slow": [9]})
        with pytest.raises(bt.ConfigError, match="missing a required argument: 'fast'"):
            bt.sweep({"A": self.DATA}, self.cross, {"slow": [9]})
        with pytest.raises(bt.ConfigError, match="None is not the name of a built-in strategy"):
            bt.sweep({"A": self.DATA}, lambda fast: None, {"fast": [9]})

    def test_other_errors_are_those_of_the_function(self):
        with pytest.raises(ZeroDivisionError):
            bt.sweep({"A": self.DATA}, lambda fast: 1 // fast, {"fast": [0]})


class TestManifest:
    DATA = bars(60, seed=3)
    ROWS = np.arange(60) % 7 == 0

    def played(self, **terms: Any) -> bt.Result:
        return bt.run({"A": self.DATA}, bt.Signals(self.DATA, self.ROWS, np.roll(self.ROWS, 3), **terms))

    def test_every_column_is_part_of_the_fingerprint(self):
        terms: list[dict[str, Any]] = [{}, {"size": 2}, {"size": 3}, {"stop_loss": 0.1}, {"take_profit": 0.1}]
        terms += [{"trailing_stop": 0.1}, {"limit": 1.0}]
        prints = [self.played(**each).fingerprint for each in terms]
        prints.append(bt.run({"A": self.DATA}, bt.Signals(self.DATA, self.ROWS)).fingerprint)
        prints.append(bt.run({"A": self.DATA}, bt.Signals({"A": self.DATA}, {"A": self.ROWS})).fingerprint)
        assert len(set(prints)) == len(prints)
        assert self.played(size=2).fingerprint == prints[1]

    def test_it_is_replayed_and_loaded(self, tmp_path):
        result = self.played(size=2)
        assert result.manifest["run"]["strategy"]["kind"] == "signals"
        again = bt.replay(
            result, {"A": self.DATA}, bt.Signals(self.DATA, self.ROWS, np.roll(self.ROWS, 3), size=2)
        )
        assert again.is_equal
        other = bt.replay(result, {"A": self.DATA}, bt.Signals(self.DATA, self.ROWS, size=2))
        assert any(line.startswith("strategy.sha256") for line in other.differences)
        with pytest.raises(
            bt.ConfigError, match="a manifest does not hold what signals 'signals' consists of"
        ):
            bt.replay(result, {"A": self.DATA})
        result.save(tmp_path / "result.npz")
        assert bt.load_result(tmp_path / "result.npz").logs == result.logs

    def test_one_object_plays_any_number_of_runs(self):
        signals = bt.Signals(self.DATA, self.ROWS, np.roll(self.ROWS, 3), stop_loss=0.02)
        one, other = (bt.run({"A": self.DATA}, signals) for _ in range(2))
        assert same_results(one, other)
        assert one.logs == other.logs


class TestLookAhead:
    DATA: ClassVar[Any] = {"A": bars(200, seed=5), "B": bars(200, seed=6)}

    def test_an_honest_one_passes(self):
        def honest(data):
            above = {s: data[s].close > means(data[s], 20) for s in data}
            below = {s: ~above[s] for s in data}
            return bt.Signals(data, above, below, stop_loss=0.02, take_profit=0.03)

        report = bt.leakcheck(self.DATA, honest)
        assert report.remade
        assert report.orders_checked > 50

    @pytest.mark.parametrize("column", ["entries", "stop_loss", "size"])
    def test_a_planted_one_is_found(self, column):
        def leaking(data):
            bars = data["A"]
            above = bars.close > means(bars, 20)
            terms: dict[str, Any] = {"entries": above, "exits": ~above, "stop_loss": 0.02, "size": 10.0}
            if column == "entries":
                terms["entries"] = bars.close < np.append(bars.close[1:], bars.close[-1])
            elif column == "stop_loss":
                terms["stop_loss"] = min(0.9, float(bars.close.std() / bars.close.mean()))
            else:
                terms["size"] = 1000.0 / bars.close.max()
            return bt.Signals(bars, **terms)

        with pytest.raises(bt.LookaheadError):
            bt.leakcheck({"A": self.DATA["A"]}, leaking)

    def test_signals_given_as_they_are_play_shortened_data(self):
        above = self.DATA["A"].close > means(self.DATA["A"], 20)
        report = bt.leakcheck({"A": self.DATA["A"]}, bt.Signals(self.DATA["A"], above, ~above))
        assert not report.remade
