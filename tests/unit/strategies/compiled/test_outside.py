"""A Cython module outside the package: its functions and handlers, built against the public headers."""

import importlib.util
import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.contract import CONTRACT_VERSION

MINUTE = 60 * 10**9


@pytest.fixture(scope="module")
def market() -> dict[str, bt.Quotes]:
    mid = 100.0 + np.random.default_rng(3).integers(-8, 9, 500).cumsum() / 64.0
    return {"A": bt.Quotes(np.arange(500) * 10**9, mid - 0.125, mid + 0.125)}


OUTSIDE = '''
from libc.stdint cimport int32_t, int64_t

from btcore.contract cimport LIMIT, STOP, STOP_LIMIT, Handler, order_target, order_target_percent
from btcore.feed.stream cimport Stream
from btcore.model cimport BAR, CONTRACT, QUOTE, Account, Market, Outbox

CONTRACT_VERSION = CONTRACT


cdef api int hold(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef int32_t* bought = <int32_t*> state
    if bought[0]:
        return 0
    bought[0] = 1
    return order_target_percent(market, account, out, market.symbol, 1.0) < 0


cdef api double other(double x) noexcept nogil:
    return x


cdef struct Past:
    double px
    int long


cdef class Momentum(Handler):
    """Long after a rise, flat after anything else."""
    cdef Past past

    def __init__(self):
        self.state = &self.past
        self.on_event = follow
        self.kinds = 1 << QUOTE


cdef int follow(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef Past* past = <Past*> state
    cdef double px, change
    if market.kind != QUOTE:
        return 0
    px = 0.5 * (market.tickers[0].quote.bid + market.tickers[0].quote.ask)
    change = px / past.px - 1.0 if past.px > 0.0 else 0.0
    past.px = px
    if (change > 0.0) == past.long:
        return 0
    past.long = change > 0.0
    return order_target_percent(market, account, out, 0, <double> past.long) < 0


def rest_of_stream():
    """The bytes of a Stream from its field `ends` on."""
    cdef Stream stream
    return <char*> &stream + sizeof(Stream) - <char*> &stream.ends


cdef struct Due:
    int64_t when
    int bought


cdef class BuysAt(Handler):
    """Buys one at the first bar that ends at `when` or later; it scans the rows before."""
    cdef Due due

    def __init__(self, int64_t when):
        self.due.when = when
        self.state = &self.due
        self.on_event = buy_at
        self.scan = look_for_end
        self.kinds = 1 << BAR


cdef int64_t look_for_end(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    cdef Due* due = <Due*> state
    while row < end and (due.bought or stream.ends[row] + stream.interval < due.when):
        row += 1
    return row


cdef int buy_at(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef Due* due = <Due*> state
    if due.bought or market.kind != BAR or market.now < due.when:
        return 0
    due.bought = 1
    return order_target(account, out, 0, 1.0) < 0
'''

BUILD = """
from Cython.Build import cythonize
from setuptools import Extension, setup

flags = ["-O1", "-ffp-contract=off"]
modules = cythonize([Extension("outside", ["outside.pyx"], extra_compile_args=flags)], language_level=3)
setup(name="outside", ext_modules=modules, script_args=["build_ext", "--inplace"])
"""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Built in a folder of its own from nothing but what the package ships."""
    pytest.importorskip("Cython", reason="a developer's tool")
    folder = tmp_path_factory.mktemp("outside")
    (folder / "outside.pyx").write_text(OUTSIDE)
    built = subprocess.run(
        [sys.executable, "-c", BUILD],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ},
    )
    assert built.returncode == 0, built.stderr
    (path,) = [p for p in folder.iterdir() if p.suffix in {".so", ".pyd"}]
    spec = importlib.util.spec_from_file_location("outside", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_same(one: bt.Result, other: bt.Result) -> None:
    for name in ("equity_curve", "trades", "orders", "exposures", "round_trips"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


def test_an_outside_function_does_as_the_built_in(outside: ModuleType, market: dict[str, bt.Quotes]) -> None:
    compiled = bt.Compiled.from_cython(outside, "hold", np.zeros(1, np.int32), events="quotes")
    expected = bt.run(market, "buy_and_hold")
    assert_same(bt.run(market, compiled), expected)
    assert_same(bt.run(market, compiled), expected)
    description = compiled.describe()
    assert description["name"] == "outside.hold"
    assert len(description["code_sha256"]) == 64


def test_an_outside_handler_does_as_the_built_in(outside: ModuleType, market: dict[str, bt.Quotes]) -> None:
    expected = bt.run(market, "momentum", {"lookback_period": 1})
    assert len(expected.trades) > 100
    assert_same(bt.run(market, outside.Momentum()), expected)


def test_a_scan_sees_the_ends_of_bars(outside: ModuleType) -> None:
    """`ends` is the last field of Stream, so strategies compiled before it was added find the others."""
    assert outside.rest_of_stream() == 8
    times = MINUTE * np.arange(200)
    price = 100.0 + np.arange(200)
    halves = np.where(np.arange(200) % 3, times + MINUTE, times + MINUTE // 2)
    for end in (None, halves):
        bars = bt.Bars(times, price, price, price, price, interval="1min", end=end)
        for row in (0, 7, 90, 197):
            when = int(bars.end[row])
            result = bt.run({"A": bars}, outside.BuysAt(when))
            assert result.orders["sent_at"].tolist() == [when]
            assert result.trades["timestamp"].tolist() == [times[row + 1]]


def test_another_signature_is_refused(outside: ModuleType) -> None:
    with pytest.raises(bt.ConfigError, match=r"outside\.other: its signature is double"):
        bt.Compiled.from_cython(outside, "other", events="quotes")


def test_a_function_that_is_not_there_is_refused(outside: ModuleType) -> None:
    with pytest.raises(bt.ConfigError, match=r"no `cdef api` function 'sell'; the module has hold, other"):
        bt.Compiled.from_cython(outside, "sell", events="quotes")


@pytest.mark.parametrize("version", [None, CONTRACT_VERSION - 1])
def test_another_version_of_the_contract_is_refused(outside: ModuleType, version: int | None) -> None:
    old: Any = SimpleNamespace(
        __name__="old",
        __pyx_capi__=outside.__pyx_capi__,
        **({} if version is None else {"CONTRACT_VERSION": version}),
    )
    with pytest.raises(
        bt.ConfigError, match=f"its CONTRACT_VERSION is {version}, btcore's is {CONTRACT_VERSION}"
    ):
        bt.Compiled.from_cython(old, "hold", events="quotes")
