"""`run`, `sweep`, `leakcheck` and `merge` over a Catalog, a SampleMarket and a source of one's own."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from log_lines import said
from random_walks import DAY, START, bars, quotes, same_results

import btcore as bt
from btcore.data.source import check_resolution

NY = "America/New_York"
PARAMS = {"short_period": 3, "long_period": 8}
GRID = {"short_period": [3, 5], "long_period": [8, 13]}


class Defined(NamedTuple):
    instrument: bt.Instrument
    timezone: str | None = None


class OwnSource:
    """Containers by symbol, with definitions."""

    def __init__(self, data, defined=None, zone=None):
        self.data, self.defined, self.zone = data, defined or {}, zone

    def load(self, symbol, resolution, start_ns, end_ns):
        found = self.data[symbol].slice(start_ns, end_ns) if symbol in self.data else None
        if not found or found.resolution != resolution:
            raise bt.DataError(f"no {resolution} data of {symbol!r}")
        return (found,)

    check = load

    def symbols(self, resolution=None):
        return sorted(s for s, each in self.data.items() if resolution in (None, each.resolution))

    @property
    def data_source(self):
        return "own database"

    def definition(self, symbol):
        return self.defined.get(symbol)


class ZonedSource(OwnSource):
    def timezone(self, symbol, resolution=None):
        return self.zone


def local_bars(zone=NY, n=80, seed=0, freq="1d") -> bt.Bars:
    """Bars from the midnight on that begins 2024 in the zone."""
    walk = bars(n, seed)
    times = pd.date_range("2024-01-01", periods=n, freq=freq.replace("1d", "D"), tz=zone)
    prices = {name: walk.columns[name] for name in ("open", "high", "low", "close")}
    return bt.Bars(times.as_unit("ns").asi8, **prices, interval=freq, timezone=zone)


@pytest.fixture
def catalog(tmp_path):
    made = bt.Catalog(tmp_path / "catalog")
    made.write("A", bars(60))
    made.write("B", bars(60, seed=1))
    made.write("A", bars(90, seed=2, interval="1min"))
    made.write("Q", quotes())
    return made


class TestACatalog:
    def test_equals_a_run_over_what_it_holds(self, catalog):
        over = bt.run(catalog, "ma_crossover", PARAMS, symbols=["B", "A"], resolution="day")
        loose = bt.run(
            {s: catalog.read(s, "day") for s in ("B", "A")}, "ma_crossover", PARAMS, data_source="catalog"
        )
        assert over.document() == loose.document()

    def test_day_is_the_default_resolution(self, catalog):
        assert bt.run(catalog, "buy_and_hold", symbols=["A"]).manifest["data"][0]["interval"] == DAY
        minutes = bt.run(catalog, "buy_and_hold", symbols=("A",), resolution="1min")
        assert minutes.manifest["data"][0]["interval"] == 60 * 10**9

    def test_start_and_end_limit_what_is_loaded(self, catalog):
        result = bt.run(catalog, "buy_and_hold", symbols=["A"], start="2024-01-05", end="2024-01-20")
        (entry,) = result.manifest["data"]
        assert (entry["first"], entry["rows"]) == (START + 4 * DAY, 15)

    def test_the_source_is_in_the_manifest_unless_one_is_given(self, catalog):
        over = {"strategy": "buy_and_hold", "symbols": ["A"]}
        assert bt.run(catalog, **over).manifest["data_source"] == "catalog"
        assert bt.run(catalog, **over, data_source="vendor").manifest["data_source"] == "vendor"
        assert bt.run({"A": bars()}, "buy_and_hold").manifest["data_source"] == "memory"

    def test_a_stored_order_is_used_and_none_is_stored(self, catalog):
        def orders():
            return sorted(path.name for path in catalog.path.rglob("*") if path.is_file())

        before = orders()
        one = bt.run(catalog, "buy_and_hold", symbols=["A", "B"])
        assert orders() == before
        catalog.merge(["A", "B"], "day")
        assert orders() != before
        assert same_results(bt.run(catalog, "buy_and_hold", symbols=["A", "B"]), one)

    def test_the_path_of_its_folder_is_opened(self, catalog):
        for path in (catalog.path, str(catalog.path), f"{catalog.path}/"):
            result = bt.run(path, "buy_and_hold", symbols=["A"])
            assert same_results(result, bt.run(catalog, "buy_and_hold", symbols=["A"]))
            assert result.manifest["data_source"] == "catalog"

    def test_sweep_merge_and_leakcheck_take_it(self, catalog):
        swept = bt.sweep(catalog, "ma_crossover", GRID, symbols=["A"], resolution="day", start="2024-01-03")
        once = bt.run(catalog, "ma_crossover", swept.run(1).manifest["run"]["strategy"]["params"],
                      symbols=["A"], start="2024-01-03")  # fmt: skip
        assert same_results(swept.run(1), once)
        merged = bt.merge(catalog, symbols=["A", "B"], start="2024-01-03")
        over = bt.run(catalog, "buy_and_hold", symbols=["A", "B"], start="2024-01-03")
        by_merge = bt.run(merged, "buy_and_hold", start="2024-01-03")
        assert by_merge.document() == over.document()
        seen = []

        def each_bar(data):
            seen.append(data)
            times = data["A"].end
            return bt.Orders(times, "A", np.repeat("buy", len(times)), 1.0)

        report = bt.leakcheck(catalog, each_bar, symbols=["A"], start="2024-01-03", cuts=3)
        assert report.orders_checked > 0
        assert seen[0]["A"].timestamp[0] == START + 2 * DAY

    def test_look_ahead_over_it_is_found(self, catalog):
        def below_mean(data):
            each = data["A"]
            return bt.Orders(each.end, "A", np.where(each.close < each.close.mean(), "buy", "sell"), 1.0)

        with pytest.raises(bt.LookaheadError):
            bt.leakcheck(catalog, below_mean, symbols=["A"])


class TestOtherSources:
    def test_the_sample_market(self):
        market = bt.SampleMarket(seed=4)
        result = bt.run(market, "ma_crossover", PARAMS, symbols=["X"], start="2024-01-02", end="2024-06-01")
        window = {"start": "2024-01-02", "end": "2024-06-01"}
        loose = bt.run(
            {"X": market.read("X", "day", **window)},
            "ma_crossover",
            PARAMS,
            **window,
            data_source=market.data_source,
        )
        assert result.document() == loose.document()
        assert bt.run(market, "buy_and_hold", symbols=["X"]).manifest["data"][0]["rows"] > 5000

    def test_an_object_of_the_protocol(self):
        source = OwnSource({"A": bars(60), "B": bars(60, seed=1)})
        result = bt.run(source, "ma_crossover", PARAMS, symbols=["A", "B"], end="2024-02-20")
        loose = bt.run({s: source.data[s] for s in "AB"}, "ma_crossover", PARAMS, end="2024-02-20")
        assert same_results(result, loose)
        assert result.fingerprint == loose.fingerprint
        assert result.manifest["data_source"] == "own database"


class TestErrors:
    @pytest.mark.parametrize("function", [bt.run, bt.sweep, bt.leakcheck])
    def test_symbols_are_needed_and_some_are_listed(self, catalog, function):
        params = GRID if function is bt.sweep else PARAMS
        with pytest.raises(
            bt.ConfigError, match=r"symbols: a run over a Catalog needs them.*day data are A, B$"
        ):
            function(catalog, "ma_crossover", params)
        with pytest.raises(bt.ConfigError, match=r"symbols: .*those with tick data are Q$"):
            bt.merge(catalog, resolution="tick")
        with pytest.raises(bt.ConfigError, match=r"those with data are A, B, Q$"):
            bt.run(catalog, "buy_and_hold", resolution="5min")

    @pytest.mark.parametrize("given", ["A", [], 3, {"A": 1}])
    def test_symbols_that_are_no_list(self, catalog, given):
        with pytest.raises(bt.ConfigError, match=r"symbols: .* is not one or more in a list; those with day"):
            bt.run(catalog, "buy_and_hold", symbols=given)

    def test_many_symbols_are_cut_short(self):
        source = OwnSource({f"S{i:02}": bars(3) for i in range(25)})
        with pytest.raises(bt.ConfigError, match=r"S00, .*S19 and 5 more$"):
            bt.run(source, "buy_and_hold")
        with pytest.raises(bt.ConfigError, match=r"it has no data$"):
            bt.run(OwnSource({}), "buy_and_hold")

    @pytest.mark.parametrize(
        ("given", "error", "message"),
        [
            ({"symbols": ["A", "A"]}, bt.ConfigError, "symbols: 'A' is given more than once"),
            ({"symbols": ["A", "a b"]}, bt.ConfigError, "symbols[1]: 'a b' is not 1 to 32 letters"),
            (
                {"symbols": ["A", "Z"]},
                bt.DataError,
                "symbols[1]: no day data of 'Z'; the symbols with data are A, B, Q",
            ),
            ({"symbols": ["A"], "resolution": "week"}, bt.DataError, "resolution: 'week' is not tick"),
            (
                {"symbols": ["A"], "start": "2030-01-01"},
                bt.DataError,
                "symbols[0]: no day data of 'A' from 2030",
            ),
            (
                {"symbols": ["A"], "start": "2024-02-01", "end": "2024-01-01"},
                bt.ConfigError,
                "end: '2024-01-01' is not after start '2024-02-01'",
            ),
            ({"symbols": ["A"], "start": "soon"}, bt.DataError, "start: 'soon' is not an ISO 8601"),
            ({"symbols": ["A"], "timezone": "Mars"}, bt.ConfigError, "timezone: 'Mars' is not a known"),
            ({"symbol": "A"}, bt.ConfigError, "symbol: with a Catalog it is symbols=['A']"),
        ],
    )
    def test_arguments_that_a_catalog_cannot_serve(self, catalog, given, error, message):
        with pytest.raises(error) as raised:
            bt.run(catalog, "buy_and_hold", **given)
        assert str(raised.value).startswith(message)

    @pytest.mark.parametrize("name", ["symbols", "resolution"])
    @pytest.mark.parametrize("function", [bt.run, bt.sweep, bt.leakcheck])
    def test_they_are_refused_for_data_that_are_no_source(self, name, function):
        value = ["A"] if name == "symbols" else "day"
        params = GRID if function is bt.sweep else PARAMS
        with pytest.raises(
            bt.ConfigError, match=f"{name}: it is for a Catalog or another Source, but data is dict"
        ):
            function({"A": bars(60)}, "ma_crossover", params, **{name: value})
        with pytest.raises(bt.ConfigError, match=f"{name}: it is for a Catalog .*data is Merged"):
            bt.merge(bt.merge({"A": bars(60)}), **{name: value})

    def test_start_of_merge_is_for_a_source(self):
        with pytest.raises(bt.ConfigError, match="start, end: merge takes them with a Catalog"):
            bt.merge({"A": bars(60)}, start="2024-01-05")

    def test_a_folder_without_a_catalog(self, tmp_path):
        with pytest.raises(
            bt.ConfigError, match=r"data: '.*' is a folder without a catalog; files are given by"
        ):
            bt.run(tmp_path, "buy_and_hold", symbols=["SPY"])
        with pytest.raises(bt.ConfigError, match=r"data: there is no file or folder '.*nowhere'"):
            bt.run(tmp_path / "nowhere", "buy_and_hold", symbols=["SPY"])

    def test_a_class_in_place_of_a_catalog(self):
        with pytest.raises(bt.ConfigError, match=r"or a Source, such as a Catalog .*not type"):
            bt.run(bt.SampleMarket, "buy_and_hold")

    @pytest.mark.parametrize("resolution", ["5min", "1w", "irregular"])
    def test_the_sample_market_names_the_resolutions_that_it_makes(self, resolution):
        message = f"resolution: the sample market has day, hour, minute, second, tick, not {resolution}"
        with pytest.raises(bt.DataError) as raised:
            bt.run(bt.SampleMarket(), "buy_and_hold", symbols=["X"], resolution=resolution)
        assert str(raised.value) == message
        assert check_resolution(resolution) == resolution


HALVED = bt.Instrument(tick_size=0.01, splits=[("2024-02-10", 2.0)])
SOLD = bt.Instrument(multiplier=10.0)


class TestInstrumentsOfASource:
    def source(self, **more):
        return OwnSource({"A": bars(60), "B": bars(60, seed=1)}, {"A": Defined(HALVED, **more)})

    def test_they_are_those_of_the_run(self):
        over = bt.run(self.source(), "buy_and_hold", symbols=["A", "B"])
        loose = bt.run({s: self.source().data[s] for s in "AB"}, "buy_and_hold", instruments={"A": HALVED})
        assert same_results(over, loose)
        assert over.fingerprint == loose.fingerprint
        assert said(over)[0] == "instruments: those of the data source for A"
        assert over.manifest["run"]["instruments"]["A"]["splits"] == [("2024-02-10", 2.0)]
        assert "B" not in over.manifest["run"]["instruments"]

    def test_one_that_is_given_replaces_the_whole_and_the_log_says_so(self):
        over = bt.run(self.source(), "buy_and_hold", symbols=["A", "B"], instruments={"A": SOLD, "B": HALVED})
        loose = bt.run(
            {s: self.source().data[s] for s in "AB"}, "buy_and_hold", instruments={"A": SOLD, "B": HALVED}
        )
        assert over.fingerprint == loose.fingerprint
        assert said(over)[0] == "instruments: those given for A replace those of the data source whole"
        equal = bt.run(self.source(), "buy_and_hold", symbols=["A"], instruments={"A": HALVED})
        assert said(equal) == []

    def test_one_given_for_another_symbol_leaves_it(self):
        over = bt.run(self.source(), "buy_and_hold", symbols=["A", "B"], instruments={"B": SOLD})
        loose = bt.run(
            {s: self.source().data[s] for s in "AB"}, "buy_and_hold", instruments={"A": HALVED, "B": SOLD}
        )
        assert over.fingerprint == loose.fingerprint
        assert said(over) == ["instruments: those of the data source for A"]

    def test_another_type_is_refused(self):
        with pytest.raises(bt.ConfigError, match="instruments: 3 is not a mapping"):
            bt.run(self.source(), "buy_and_hold", symbols=["A"], instruments=3)
        with pytest.raises(bt.ConfigError, match="instruments: 'Z' is not in this run"):
            bt.run(self.source(), "buy_and_hold", symbols=["A"], instruments={"Z": SOLD})

    def test_sweep_merge_and_leakcheck_use_them(self):
        over = bt.run(self.source(), "ma_crossover", PARAMS, symbols=["A"])
        swept = bt.sweep(self.source(), "ma_crossover", [PARAMS], symbols=["A"]).run(0)
        merged = bt.run(bt.merge(self.source(), symbols=["A"]), "ma_crossover", PARAMS)
        assert swept.document() == merged.document() == over.document()

        class Third(bt.Strategy):
            def on_bar(self, ctx, bar):
                ctx.buy("A", 1, limit=bar.close + 0.003)

        stepped = OwnSource({"A": bars(60)}, {"A": Defined(bt.Instrument(tick_size=0.01))})
        assert bt.leakcheck(stepped, Third, symbols=["A"], cuts=2).fills_checked == 0
        assert bt.leakcheck(stepped.data, Third, cuts=2).fills_checked > 0

    def test_dates_are_those_of_the_market_in_a_run_of_any_zone(self):
        given = bt.Instrument(
            splits=[("2024-02-10", 2.0), ("2024-02-20T09:30+01:00", 3.0)],
            dividends=[(START, 1.0), ("2024-02-11T16:00", 0.5)],
        )
        source = OwnSource({"A": bars(60)}, {"A": Defined(given, NY)})
        for zone in ("UTC", NY, "Asia/Tokyo"):
            used = bt.run(source, "buy_and_hold", symbols=["A"], timezone=zone).manifest["run"][
                "instruments"
            ]["A"]
            assert used["splits"] == [("2024-02-10T05:00:00Z", 2.0), ("2024-02-20T09:30+01:00", 3.0)]
            assert used["dividends"] == [(START, 1.0), ("2024-02-11T21:00:00Z", 0.5)]

    def test_dates_that_cannot_be_read_are_named(self):
        source = OwnSource({"A": bars(60)}, {"A": Defined(bt.Instrument(splits=[("soon", 2.0)]), NY)})
        with pytest.raises(bt.DataError, match=r"instruments\['A'\].splits\[0\]: 'soon' is not an ISO 8601"):
            bt.run(source, "buy_and_hold", symbols=["A"])


class TestTheZone:
    def run(self, data, **more):
        return bt.run(data, "buy_and_hold", **more)

    def test_months_and_days_are_those_of_the_data(self, tmp_path):
        data = {"A": local_bars(n=24 * 70, freq="1h")}
        default, given, utc = self.run(data), self.run(data, timezone=NY), self.run(data, timezone="UTC")
        assert default.fingerprint == given.fingerprint != utc.fingerprint
        assert same_results(default, given)
        assert default.metrics["sharpe_ratio"] != utc.metrics["sharpe_ratio"]  # of daily returns
        assert default.manifest["run"]["timezone"] == NY

        curve = default.equity_curve
        months = pd.Series(curve["equity"], pd.to_datetime(curve["timestamp"] - 1, utc=True).tz_convert(NY))
        january = 100 * (months["2024-01"].iloc[-1] / months.iloc[0] - 1)
        pages = [result.report(tmp_path / "report.html").read_text() for result in (default, given, utc)]
        cells = [re.findall(r'data-of="monthly" data-row="0"[^>]*>([^<]*)<', page) for page in pages]
        shown = [float(cell) for (cell,) in cells]
        assert shown[0] == shown[1] == pytest.approx(january, abs=0.06)
        assert shown[2] != shown[0]

    def test_the_manifest_says_why(self):
        data = {"A": local_bars()}
        assert self.run(data).manifest["timezone_from"] == "data"
        assert self.run(data, timezone=NY).manifest["timezone_from"] == "given"
        assert self.run({"A": bars()}).manifest["timezone_from"] == "default"
        assert self.run({"A": bars()}, timezone="UTC").fingerprint == self.run({"A": bars()}).fingerprint

    def test_the_log_says_where_a_reader_may_expect_another(self):
        data = {"A": local_bars(), "B": local_bars(seed=1)}
        assert said(self.run(data)) == [f"timezone: {NY}, that of the data"]
        assert said(self.run(data, timezone=NY)) == []
        assert said(self.run({"A": bars()})) == said(self.run({"A": bars()}, timezone=NY)) == []
        assert said(self.run(data, timezone="UTC")) == [
            f"timezone: UTC, as given; that of the data is {NY} (A, B)"
        ]
        mixed = self.run(data | {"C": local_bars("Asia/Tokyo")})
        assert mixed.manifest["timezone_from"] == "default"
        assert said(mixed)[0] == (
            f"timezone: UTC, as the data have no common one: {NY} (A, B), Asia/Tokyo (C)"
        )
        unknown = self.run({"A": local_bars(), "B": bars()})
        assert said(unknown)[0] == f"timezone: UTC, as the data have no common one: {NY} (A), unknown (B)"

    def test_start_and_end_are_read_in_it(self):
        result = self.run({"A": local_bars()}, start="2024-01-10", end="2024-02-10")
        assert result.manifest["run"]["start"] == pd.Timestamp("2024-01-10", tz=NY).value
        assert result.manifest["data"][0]["rows"] == 31

    @pytest.mark.parametrize("kind", [OwnSource, ZonedSource])
    def test_of_a_source(self, kind):
        hours = local_bars(n=24 * 50, freq="1h")
        source = kind({"A": hours}, zone=NY)
        window = {"start": "2024-01-10", "end": "2024-02-10"}
        over = self.run(source, symbols=["A"], resolution="hour", **window)
        assert over.manifest["data"][0]["first"] == pd.Timestamp("2024-01-10", tz=NY).value
        assert over.manifest["data"][0]["rows"] == 31 * 24
        assert over.manifest["run"]["timezone"] == NY
        assert over.manifest["timezone_from"] == "data"
        assert same_results(over, self.run({"A": hours}, timezone=NY, **window))

    def test_that_of_the_source_goes_before_that_of_the_rows(self):
        source = ZonedSource({"A": local_bars()}, zone="America/Chicago")
        assert self.run(source, symbols=["A"]).manifest["run"]["timezone"] == "America/Chicago"
        assert self.run(bt.merge(source, symbols=["A"])).manifest["run"]["timezone"] == "America/Chicago"

    def test_of_a_request_it_is_given(self):
        source = ZonedSource({"A": local_bars()}, zone=NY)
        request = bt.RunRequest(symbols=["A"], start_date="2024-01-05", end_date="2024-03-01")
        result = bt.run_request(request, source)
        assert result.manifest["run"]["timezone"] == "UTC"
        assert said(result) == [f"timezone: UTC, as given; that of the data is {NY} (A)"]

    def test_sweep_and_leakcheck_take_that_of_the_data(self):
        data = {"A": local_bars()}
        once = bt.sweep(data, "ma_crossover", GRID).run(0)
        assert once.manifest["run"]["timezone"] == NY
        assert said(once) == [f"timezone: {NY}, that of the data"]
        nights = []

        def watch(data):
            nights.append(len(data["A"]))
            return bt.Orders(data["A"].end, "A", np.repeat("buy", len(data["A"])), 1.0)

        bt.leakcheck(data, watch, start="2024-01-10", end="2024-03-01", cuts=3)
        assert nights

    def test_tables_without_a_zone_are_read_in_that_which_is_given(self):
        walk = bars(60)
        frame = pd.DataFrame(dict(walk.columns))
        frame["timestamp"] = pd.date_range("2024-01-01", periods=60, freq="D")
        given = self.run({"A": frame}, timezone=NY)
        assert given.manifest["data"][0]["first"] == pd.Timestamp("2024-01-01", tz=NY).value
        default = self.run({"A": frame})
        assert default.manifest["data"][0]["first"] == START
        assert (default.manifest["run"]["timezone"], default.manifest["timezone_from"]) == ("UTC", "default")
