"""The head of the page says what was run, on what data, with which costs and account."""

import re
from html import unescape

import pytest

import btcore as bt
from btcore.results.report.page import Report
from btcore.results.report.terms import account_words, cost_words


def facts(result):
    """The box of facts as text, by name."""
    box = re.search(r'<dl class="box facts">(.*?)</dl>', str(result.report()), re.DOTALL)[1]
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", box, re.DOTALL)
    return {name: unescape(re.sub(r"<[^>]+>", " ", text)) for name, text in pairs}


def test_a_run_on_synthetic_data(results):
    result = results["sample market"]
    told = facts(result)
    assert "synthetic sample data : made up by btcore" in told["Data"]
    for words in ("AAPL bars of 1d", "781", "2021-01-01", "2023-12-29"):
        assert words in re.sub(" +", " ", told["Data"])
    assert told["Costs"].startswith(
        "commission 1 bps of the notional; slippage 2 bps; latency 5 ms to the market. Paid in all:"
    )
    assert "margin account; leverage 1; netting" in told["Account"]
    assert told["Fingerprint"].strip() == result.fingerprint
    assert told["Time"] == "Times are UTC. Periods are local days."


def test_other_data_is_not_called_synthetic(results):
    told = facts(results["one reading"])
    assert "given in memory: where they come from is not known" in told["Data"]
    assert told["Costs"].startswith("no costs: no spread, slippage, commission or latency")
    assert facts(results["random records"])["Data"].startswith("The manifest does not say")
    assert "America/New_York" in facts(results["minutes of a day"])["Time"]
    assert "hedging" in facts(results["hedging"])["Account"]


def test_ambiguous_bars_and_their_bounds(results):
    both = results["both readings"]
    told = re.sub(" +", " ", facts(both)["Ambiguous bars"]).strip()
    assert told.startswith(f"{both.bounds.ambiguous_bars} : total return")
    low, high = (f"{m['total_return']:.2f} %" for m in both.bounds[:2])
    assert f"total return {low} (pessimistic) to {high} (optimistic)" in told
    one = facts(results["one reading"])["Ambiguous bars"]
    assert "read in the pessimistic order" in one
    assert "in no bar" in facts(results["sample market"])["Ambiguous bars"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"commission_bps": 1.5, "maker_bps": -0.2},
            "commission 1.5 bps of the notional, -0.2 bps for makers",
        ),
        (
            {"commission_per_share": 0.005, "commission_min": 1.0, "commission_max_bps": 50.0},
            "commission 0.005 USD per unit, at least 1 USD a fill, at most 50 bps of the notional",
        ),
        (
            {"commission_tiers": [{}, {}], "commission_round_to": 0.01},
            "commission in 2 tiers by the notional of the month, rounded to 0.01",
        ),
        ({"slippage_ticks": 1.0, "slippage_entry_bps": 3.0}, "slippage 1 ticks, 3 bps at entries"),
        ({"latency_ms": [[0, 1.0], [5, 2.0]]}, "latency dated (2 values) ms to the market"),
        (
            {"response_latency_ms": 3.0, "latency_jitter_ms": 0.5},
            "latency 3 ms back, 0.5 ms of random delay to the market",
        ),
    ],
)
def test_costs_in_words(settings, words):
    assert cost_words({"execution": settings}, [], [], "USD") == [words]


def test_costs_of_instruments_data_and_own_functions():
    run = {
        "execution": {},
        "cost_model": {"commission": {}, "slippage": {}},
        "instruments": {"A": {"commission": {"bps": 1}, "borrow_rate": 0.0}, "B": {"borrow_rate": 0.05}},
    }
    assert cost_words(run, [{"kind": "quotes"}], [], "USD") == [
        "own commission of A", "a borrow rate of B", "own functions for commission, slippage",
        "the spread of the quotes",
    ]  # fmt: skip
    assert cost_words({}, [], [], "") == ["the manifest does not have the settings of the run"]
    assert "the prices of the data have a spread" in cost_words({"execution": {}}, [], [], "")[0]


def test_accounts_in_words():
    terms = {
        "account": "margin",
        "leverage": 4,
        "maintenance_margin": 0.25,
        "cost_basis": "fifo",
        "debit_rate": 0.05,
    }
    assert account_words({"execution": terms}) == [
        "margin account", "leverage 4", "liquidated below 25 % of the exposure", "netting",
        "oldest lots close first", "interest 5 % a year on debt",
    ]  # fmt: skip
    assert account_words({"execution": {"account": "cash"}}) == ["cash account, no credit", "netting"]
    assert account_words({}) == []


def test_many_streams_are_counted():
    names = [f"S{n}" for n in range(15)]
    result = bt.run(
        bt.SampleMarket(), "buy_and_hold", symbols=names, start="2024-01-01", end="2024-02-01", progress=False
    )
    assert "and 3 more streams" in facts(result)["Data"]


def test_a_report_is_an_object_or_a_file(results, tmp_path):
    result = results["one trade"]
    made = result.report()
    assert isinstance(made, Report)
    path = result.report(tmp_path / "a.html")
    assert path == tmp_path / "a.html"
    assert path.read_text(encoding="utf-8") == str(made)
    assert made.save(str(tmp_path / "b.html")) == tmp_path / "b.html"
    assert (tmp_path / "b.html").read_bytes() == path.read_bytes()
    assert made.save(tmp_path / "c.htm").read_bytes() == path.read_bytes()
    for name in ("r.svg", "noext", "z.pdf"):
        for write in (result.report, made.save):
            with pytest.raises(bt.ConfigError, match=rf"{name}: the name does not end in \.html or \.htm"):
                write(tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 3
    frame = made._repr_html_()
    assert frame.startswith("<iframe ")
    assert unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == str(made)
    assert repr(made).startswith("<Report of ")
    assert len(repr(made)) < 60
