"""Columns are found by the names that vendors use; what is not sure is refused with the names."""

import pytest

from btcore.data.tables.names import match_columns
from btcore.errors import DataError

OHLC = ["Date", "Open", "High", "Low", "Close"]


@pytest.mark.parametrize(
    ("names", "kind", "expected"),
    [
        (["<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<TICKVOL>", "<VOL>"], "bars",
         {"timestamp": ("<DATE>", "<TIME>"), "close": "<CLOSE>", "volume": "<VOL>"}),
        (["Date", " Time", " Open", " High", " Low", " Last", " Volume", " NumberOfTrades"], "bars",
         {"timestamp": ("Date", " Time"), "close": " Last", "volume": " Volume"}),
        (["<TICKER>", "<PER>", "<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"], "bars",
         {"timestamp": ("<DATE>", "<TIME>"), "volume": "<VOL>"}),
        (["Date", "Close/Last", "Volume", "Open", "High", "Low"], "bars", {"close": "Close/Last"}),
        (["Date", "Price", "Open", "High", "Low", "Vol.", "Change %"], "bars",
         {"timestamp": "Date", "close": "Price", "volume": "Vol."}),
        (["Date", "Open", "High", "Low", "Settle", "Volume"], "bars", {"close": "Settle"}),
        (["open_time", "open", "high", "low", "close", "volume", "close_time"], "bars",
         {"timestamp": "open_time", "volume": "volume"}),
        (["", "Open", "High", "Low", "Close"], "bars", {"timestamp": ""}),
        (["timestamp", "date", "time", "open", "high", "low", "close"], "bars", {"timestamp": "timestamp"}),
        (["exchange", "symbol", "timestamp", "local_timestamp", "ask_amount", "ask_price", "bid_price",
          "bid_amount"], "quotes",
         {"bid_size": "bid_amount", "ask_size": "ask_amount", "timestamp": "timestamp"}),
        (["ts_event", "bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00"], "quotes",
         {"bid": "bid_px_00", "ask_size": "ask_sz_00"}),
        (["time", "best_bid_price", "best_ask_price", "best_bid_qty", "best_ask_qty"], "quotes",
         {"bid": "best_bid_price", "ask_size": "best_ask_qty"}),
        (["Time", "Bid", "Ask", "BidVolume", "AskVolume"], "quotes", {"bid_size": "BidVolume"}),
        (["id", "price", "qty", "quote_qty", "time", "is_buyer_maker"], "trades",
         {"size": "qty", "buyer_maker": "is_buyer_maker"}),
        (["Time", "Last", "Volume"], "trades", {"price": "Last", "size": "Volume"}),
    ],
)  # fmt: skip
def test_names_of_vendors(names, kind, expected):
    found = match_columns(names, kind).columns
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("form", ["{side}_{price}", "{price}_{side}", "{Side}{Price}", "{Price}.{Side}"])
def test_prices_of_bid_and_ask_in_bars(form):
    names = ["time"]
    for side in ("bid", "ask"):
        for price in ("open", "high", "low", "close"):
            names.append(form.format(side=side, price=price, Side=side.title(), Price=price.title()))
    found = match_columns(names, "bars").columns
    assert [found[name] for name in ("bid_open", "bid_close", "ask_high")] == [names[1], names[4], names[6]]
    assert "open" not in found


def test_one_side_of_bars_is_not_used_and_a_note_says_so():
    sides = [f"bid_{price}" for price in ("open", "high", "low", "close")]
    found = match_columns([*OHLC, *sides], "bars")
    assert not set(sides) & set(found.used)
    assert any("not used" in note and "'bid_open'" in note for note in found.notes)
    with pytest.raises(DataError, match=r"no column for ask_open, .*which bars of bid and ask need"):
        match_columns(["time", *sides], "bars")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["Date", "Open", "High", "Low", "Last", "Settle"], "no column for close, and 'Last' or 'Settle'"),
        (["Date", "Open", "High", "Low", "Adj Close"], "no column for close; the columns are 'Date'"),
        ([*OHLC, "close"], "2 columns may be close: 'Close', 'close'.*pass columns="),
        ([*OHLC, "Close"], "2 columns may be close: 'Close', 'Close'.*rename one of them"),
        ([*OHLC, "Close_duplicated_0"], "2 columns may be close"),
        (["Date", "Time", "TIME", "Open", "High", "Low", "Close"], "2 columns may be time"),
        (["Open", "High", "Low", "Close"], r"no column for timestamp; .*pass columns=\{'timestamp'"),
    ],
)  # fmt: skip
def test_what_is_not_sure_is_refused_with_the_names(names, message):
    with pytest.raises(DataError, match=message):
        match_columns(names, "bars")


def test_what_was_chosen_or_not_used_is_noted():
    notes = match_columns([*OHLC, "Adj Close", "Volume", "Turnover"], "bars").notes
    assert notes == (
        "adjusted prices are not used: 'Adj Close'",
        "sizes or volumes that are not used: 'Turnover'",
    )
    notes = match_columns(
        ["unix", "date", "Open", "High", "Low", "Close", "Volume BTC", "Volume USD"], "bars"
    ).notes
    assert "timestamp is the column 'date', not 'unix'" in notes
    assert "sizes or volumes that are not used: 'Volume BTC', 'Volume USD'" in notes
    assert match_columns(["Date", "Open", "High", "Low", "Last"], "bars").notes == (
        "close is the column 'Last'",
    )
    assert match_columns([*OHLC, "Volume"], "bars").notes == ()


def test_columns_names_others_two_of_them_or_none():
    found = match_columns(["d", "t", *OHLC[1:], "Volume"], "bars", {"timestamp": ("d", "t"), "volume": None})
    assert (found.columns["timestamp"], found.guessed) == (("d", "t"), False)
    assert "volume" not in found.columns
    assert found.notes == ()
    assert match_columns(["d", "t", *OHLC[1:]], "bars", {"timestamp": ["d", "t"]}).times == ("d", "t")
    trades = match_columns(["time", "price", "side"], "trades", {"side": None})
    assert "side" not in trades.columns


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"prise": "Close"}, "'prise' is not a column of bars; those are timestamp, open"),
        ({"close": "Q"}, "there is no 'Q' for close; the columns are 'Date'"),
        ({"timestamp": ("Date", "Q")}, "there is no 'Q' for timestamp"),
        ({"timestamp": None}, r"columns\['timestamp'\]: None, but bars need it"),
        ({"close": ("Open", "Close")}, "is not one name; only timestamp may have two"),
    ],
)
def test_wrong_columns_are_refused(columns, message):
    with pytest.raises(DataError, match=message):
        match_columns(OHLC, "bars", columns)


def test_columns_of_symbols():
    names = ["ts_event", "price", "instrument_id", "symbol"]
    assert match_columns(names, "trades").symbols == ("symbol", "instrument_id")
    assert match_columns(names, "trades", {"symbol": "symbol"}).symbols == ("symbol",)
    assert match_columns(names, "trades", {"symbol": None}).symbols == ()
    for name in ("Ticker", "<TICKER>", "contract", "Instrument", "NAME"):
        assert match_columns(["time", "price", name], "trades").symbols == (name,)


@pytest.mark.parametrize(
    ("names", "kind", "expected"),
    [
        (["agg_trade_id", "price", "quantity", "transact_time", "is_buyer_maker"], "trades",
         {"timestamp": "transact_time", "size": "quantity", "buyer_maker": "is_buyer_maker"}),
        (["best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty", "transaction_time",
          "event_time"], "quotes",
         {"timestamp": "transaction_time", "bid_size": "best_bid_qty", "ask": "best_ask_price"}),
        (["ticker", "volume", "open", "close", "high", "low", "window_start"], "bars",
         {"timestamp": "window_start"}),
        (["ticker", "participant_timestamp", "price", "sip_timestamp", "size"], "trades",
         {"timestamp": "sip_timestamp"}),
        (["t", "o", "h", "l", "c", "v"], "bars", {"timestamp": "t", "volume": "v"}),
        (["t", "bp", "bs", "ap", "as"], "quotes",
         {"timestamp": "t", "bid": "bp", "ask": "ap", "bid_size": "bs", "ask_size": "as"}),
        (["Local time", "Open", "High", "Low", "Close"], "bars", {"timestamp": "Local time"}),
        (["observation_date", "price"], "trades", {"timestamp": "observation_date"}),
        (["Unnamed: 0", "Open", "High", "Low", "Close"], "bars", {"timestamp": "Unnamed: 0"}),
        (["Open", "High", "Low", "Close", "__index_level_0__"], "bars", {"timestamp": "__index_level_0__"}),
        (["Date", "Open", "High", "Low", "Close", "__index_level_0__"], "bars", {"timestamp": "Date"}),
    ],
)  # fmt: skip
def test_names_of_more_vendors(names, kind, expected):
    found = match_columns(names, kind).columns
    assert {name: found[name] for name in expected} == expected


def test_an_unnamed_column_that_is_not_the_first_is_no_index():
    with pytest.raises(DataError, match="no column for timestamp"):
        match_columns(["Open", "Unnamed: 1", "High", "Low", "Close"], "bars")
