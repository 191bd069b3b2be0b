"""The manifest of a run and its fingerprint."""

import json

from random_walks import DAY, START, bars

import btcore as bt


def test_the_fingerprint_depends_on_settings_and_data():
    base = {"data": {"A": bars(30)}, "strategy": "ma_crossover", "params": {"short_period": 3}}
    prints = {bt.run(**base).fingerprint}
    other = bars(30, seed=1)
    for change in (
        {"params": {"short_period": 4}},
        {"strategy": "rsi", "params": {}},
        {"data": {"A": other}},
        {"data": {"B": bars(30)}},
        {"initial_capital": 1e5},
        {"timezone": "Asia/Tokyo"},
        {"execution": bt.Execution(slippage_bps=1)},
        {"end": START + 20 * DAY},
        {"instruments": {"A": bt.Instrument(lot_size=1)}},
    ):
        prints.add(bt.run(**{**base, **change}).fingerprint)
    assert len(prints) == 10
    assert bt.run(**base, progress=lambda p: None).fingerprint in prints


def test_the_manifest_describes_the_run():
    manifest = bt.run({"A": bars(30)}, "rsi", {"period": 5}).manifest
    assert manifest["btcore"] == bt.__version__
    assert manifest["run"]["strategy"]["params"] == {
        "period": 5, "oversold": 30.0, "overbought": 70.0, "allow_short": False, "weight": 1.0,
    }  # fmt: skip
    assert manifest["data"][0]["sha256"] == bars(30).content_hash
    assert json.loads(json.dumps(manifest)) == manifest


def test_an_instrument_has_the_fields_of_the_release_that_saved_the_fingerprints():
    run = bt.run({"A": bars(30)}, "rsi", instruments={"A": bt.Instrument(lot_size=1.0)}).manifest["run"]
    assert list(run["instruments"]["A"]) == [
        "tick_size", "lot_size", "multiplier", "min_notional", "negative_prices", "currency",
        "initial_margin", "maintenance_margin", "borrow_rate", "funding", "splits", "dividends",
    ]  # fmt: skip


def test_why_a_run_has_its_zone_is_no_part_of_the_fingerprint():
    default, given = bt.run({"A": bars(30)}, "rsi"), bt.run({"A": bars(30)}, "rsi", timezone="UTC")
    assert (default.manifest["timezone_from"], given.manifest["timezone_from"]) == ("default", "given")
    assert default.fingerprint == given.fingerprint
