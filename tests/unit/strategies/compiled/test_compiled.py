"""`Compiled`: accepted and refused functions, and the manifest."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import btcore as bt
from btcore import jit

STATE = np.dtype([("calls", "i8"), ("bid", "f8")], align=True)


def body(own: Any, market: Any, account: Any, out: Any) -> int:
    own.calls += 1
    own.bid = jit.bid(market)
    return 0


plain = numba.cfunc(jit.signature(STATE))(body)


@pytest.fixture(scope="module")
def market() -> dict[str, bt.Quotes]:
    mid = 100.0 + np.random.default_rng(3).integers(-8, 9, 500).cumsum() / 64.0
    return {"A": bt.Quotes(np.arange(500) * 10**9, mid - 0.125, mid + 0.125)}


@pytest.mark.parametrize("function", [plain, plain.address], ids=["numba.cfunc", "its address"])
def test_a_plain_cfunc_is_played(function: Any, market: dict[str, bt.Quotes]) -> None:
    player = bt.Compiled(function, np.zeros(1, STATE), events="quotes").handler()
    bt.run(market, player)
    assert player.final_state is not None
    assert player.final_state.tolist() == [(500, market["A"].bid[-1])]


def test_a_function_may_do_without_a_state(market: dict[str, bt.Quotes]) -> None:
    @jit.cfunc()
    def hold(own: Any, market: Any, account: Any, out: Any) -> int:
        if jit.position(account, 0) == 0.0:
            jit.order_target(account, out, 0, 3.0)
        return 0

    player = bt.Compiled(hold, events="quotes").handler()
    result = bt.run(market, player)
    assert result.trades["quantity"].tolist() == [3.0]
    assert player.final_state is None


def test_the_state_is_a_copy_from_the_start(market: dict[str, bt.Quotes]) -> None:
    state = np.zeros(1, STATE)
    compiled = bt.Compiled(plain, state, events="quotes")
    state["calls"] = 7
    first = compiled.handler()
    bt.run(market, compiled)
    bt.run(market, first)
    assert compiled.state is not None
    assert compiled.state["calls"] == 0
    assert first.final_state is not None
    assert first.final_state["calls"] == 500
    with pytest.raises(ValueError, match="read-only"):
        compiled.state["calls"] = 1


OTHER = np.dtype([("calls", "i8"), ("bid", "f4")], align=True)


@pytest.mark.parametrize(
    ("function", "state", "events", "message"),
    [
        (plain, np.zeros(1, STATE), "ticks", "strategy.events: unknown 'ticks'; choose from quotes, trades"),
        (plain, np.zeros(1, STATE), [], "strategy.events: none given; choose from quotes, trades"),
        (plain, np.zeros(1, OTHER), "quotes", "strategy.function: its signature is .*; with a state of"),
        (plain, None, "quotes", "strategy.function: its signature is .*; with a state of None"),
        (plain, [0, 0.0], "quotes", "strategy.state: not a numpy array"),
        (plain, np.zeros(0, STATE), "quotes", "strategy.state: not a numpy array with at least one record"),
        (plain, np.array([None]), "quotes", "strategy.state: .* no Python objects"),
        (body, np.zeros(1, STATE), "quotes", "neither a Numba cfunc nor an address"),
        (numba.njit(body), np.zeros(1, STATE), "quotes", "neither a Numba cfunc nor an address"),
        (numba.cfunc("int32(int32)")(lambda x: x), None, "quotes", "strategy.function: its signature is"),
        (0, None, "quotes", "is not above 0"),
        (-4096, None, "quotes", "is not above 0"),
        (True, None, "quotes", "neither a Numba cfunc nor an address"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(function: Any, state: Any, events: Any, message: str) -> None:
    with pytest.raises(bt.ConfigError, match=message):
        bt.Compiled(function, state, events=events)


def test_parameters_are_refused(market: dict[str, bt.Quotes]) -> None:
    with pytest.raises(bt.ConfigError, match="only a strategy given by name or class"):
        bt.run(market, bt.Compiled(plain, np.zeros(1, STATE), events="quotes"), {"calls": 1})


def buyer(quantity: float) -> Any:
    @jit.cfunc(STATE)
    def buy(own: Any, market: Any, account: Any, out: Any) -> int:
        own.calls += 1
        if own.calls == 1:
            jit.buy(out, 0, quantity)
        return 0

    return buy


def test_the_manifest_has_code_constants_and_state(market: dict[str, bt.Quotes]) -> None:
    one = bt.Compiled(buyer(1.0), np.zeros(1, STATE), events=["fills", "quotes"])
    description = bt.run(market, one).manifest["run"]["strategy"]
    assert description["kind"] == "compiled"
    assert description["name"] == f"{__name__}.buyer.<locals>.buy"
    assert description["events"] == ["quotes", "fills"]
    assert description["constants"] == {"quantity": "1.0"}
    others = [
        bt.Compiled(buyer(2.0), np.zeros(1, STATE), events=["fills", "quotes"]),
        bt.Compiled(buyer(1.0), np.ones(1, STATE), events=["fills", "quotes"]),
        bt.Compiled(buyer(1.0), np.zeros(1, STATE), events=["quotes"]),
        bt.Compiled(plain, np.zeros(1, STATE), events=["fills", "quotes"]),
        bt.Compiled(plain.address, np.zeros(1, STATE), events=["fills", "quotes"]),
    ]
    prints = {bt.run(market, strategy).fingerprint for strategy in [one, *others]}
    assert len(prints) == 6
    again = bt.Compiled(buyer(1.0), np.zeros(1, STATE), events=["quotes", "fills"])
    assert bt.run(market, again).fingerprint in prints
    assert bt.run(market, one.handler()).fingerprint == bt.run(market, one).fingerprint


def test_it_can_be_checked_for_look_ahead(market: dict[str, bt.Quotes]) -> None:
    report = bt.leakcheck(market, bt.Compiled(buyer(1.0), np.zeros(1, STATE), events="quotes"))
    assert report.orders_checked == 1


def test_the_import_does_not_bring_in_numba() -> None:
    script = "import sys, btcore; btcore.Compiled; print('numba' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_numba_keeps_compiled_strategies_on_disk(tmp_path: Path) -> None:
    """The verbs are linked by name, so a second process need not compile."""
    (tmp_path / "cached.py").write_text(
        "import numpy as np, btcore as bt\n"
        "from numba import cfunc\n"
        "from btcore import jit\n"
        "@cfunc(jit.signature(), cache=True)\n"
        "def hold(own, market, account, out):\n"
        "    return min(0, jit.order_target(account, out, 0, 2.0))\n"
        "quotes = bt.Quotes(np.arange(9), np.full(9, 1.0), np.full(9, 2.0))\n"
        "result = bt.run({'A': quotes}, bt.Compiled(hold, events='quotes'))\n"
        "print(hold.cache_hits, len(result.trades))\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "cached.py"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        for _ in range(2)
    ]
    assert [run.stdout.split() for run in runs] == [["0", "1"], ["1", "1"]]
