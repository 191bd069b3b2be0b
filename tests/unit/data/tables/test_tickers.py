"""pandas tables of several tickers, as yfinance gives them: columns (field, ticker) or (ticker, field)."""

import numpy as np
import pandas as pd
import pytest

import btcore as bt
from btcore.data.run_data import open_data

DAYS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"], name="Date")
FIELDS = ["Close", "High", "Low", "Open", "Volume"]


def download(*tickers, by_ticker=False):
    """Prices of ticker i are 10 i + 10, 11, ..."""
    columns = {}
    for i, ticker in enumerate(tickers):
        price = 10.0 * i + 10.0 + np.arange(len(DAYS))
        for field in FIELDS:
            columns[(ticker, field) if by_ticker else (field, ticker)] = price
    names = ["Ticker", "Price"] if by_ticker else ["Price", "Ticker"]
    return pd.DataFrame(columns, index=DAYS).rename_axis(columns=names)


@pytest.mark.parametrize("by_ticker", [False, True])
def test_each_ticker_is_a_symbol(by_ticker):
    found = open_data(download("SPY", "^GSPC", "BRK-B", by_ticker=by_ticker))
    assert list(found) == ["SPY", "^GSPC", "BRK-B"]
    for i, bars in enumerate(found.values()):
        assert bars.close.tolist() == [10.0 * i + 10.0 + day for day in range(5)]
        assert bars.timestamp[0] == pd.Timestamp("2024-01-02").value


@pytest.mark.parametrize("by_ticker", [False, True])
def test_a_symbol_chooses_its_ticker(by_ticker):
    frame = download("SPY", "QQQ", by_ticker=by_ticker)
    assert open_data({"QQQ": frame})["QQQ"].close[0] == 20.0
    assert open_data(frame, "QQQ")["QQQ"].close[0] == 20.0
    assert open_data({"SPY": frame, "QQQ": frame})["SPY"].close[0] == 10.0
    with pytest.raises(
        bt.DataError, match=r"data\['IWM'\]: symbol: there is no 'IWM' in the columns; they are"
    ):
        open_data({"IWM": frame})


def test_the_only_ticker_may_have_another_symbol():
    (bars,) = open_data({"SPX": download("^GSPC")}).values()
    assert "columns of '^GSPC', the only ticker of the table" in bars.notes
    (bars,) = open_data({"SPY": download("SPY")}).values()
    assert not any("ticker" in note for note in bars.notes)


def test_days_without_a_value_of_the_ticker_are_left_out_and_noted():
    """BTC-USD trades at the weekend, SPY does not; the table has NaN there."""
    frame = download("SPY", "BTC-USD")
    frame.loc[DAYS[2], [(field, "SPY") for field in FIELDS]] = np.nan
    found = open_data(frame)
    assert found["SPY"].close.tolist() == [10.0, 11.0, 13.0, 14.0]
    assert "4 of 5 rows have values of 'SPY'" in found["SPY"].notes
    assert len(found["BTC-USD"]) == 5
    frame.loc[DAYS[2], ("Close", "SPY")] = 12.0  # a row that is not blank is an error
    with pytest.raises(bt.DataError, match=r"data\['SPY'\]"):
        open_data(frame)
    alone = download("SPY")
    alone.loc[DAYS[2]] = np.nan
    with pytest.raises(bt.DataError, match=r"data\['SPY'\]"):
        open_data(alone)


def test_the_notes_are_in_the_log_of_the_run():
    frame = download("SPY", "BTC-USD")
    frame.loc[DAYS[2], [(field, "SPY") for field in FIELDS]] = np.nan
    result = bt.run(frame, "buy_and_hold")
    assert "SPY bars: 4 of 5 rows have values of 'SPY'" in result.logs


def test_a_ticker_that_is_no_symbol_is_refused():
    with pytest.raises(bt.DataError, match="symbol: 'A B' is not"):
        open_data(download("SPY", "A B"))
    with pytest.raises(bt.ConfigError, match="its symbol is missing"):
        open_data(download("SPY").rename(columns={"Open": "First"}, level=0))


def test_quotes_of_several_tickers():
    columns = {(name, t): np.full(5, 10.0 + i) for i, name in enumerate(("bid", "ask")) for t in ("A", "B")}
    found = open_data(pd.DataFrame(columns, index=DAYS))
    assert {symbol: quotes.kind for symbol, quotes in found.items()} == {"A": "quotes", "B": "quotes"}
