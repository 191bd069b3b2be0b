"""Market data: containers, file readers, resampling, the catalog, LEAN import and the sample market.

Begin with `containers` (Bars, Quotes, Trades) and `source` (what a run loads its data from). A table of any
package becomes a container in `frames`: `names` finds its columns, `symbols`, `missing` and `cleaning` decide
about its rows, `numbers`, `sides`, `date_and_time`, `timestamps` convert values, and `options` says what
may be chosen.
"""

from btcore.data.catalog.catalog import Catalog
from btcore.data.catalog.definitions import Definition
from btcore.data.catalog.entries import Entry
from btcore.data.files.read import read_arrow, read_csv, read_npz, read_parquet
from btcore.data.files.scan import scan_csv, scan_parquet
from btcore.data.inspection.inspecting import inspect
from btcore.data.inspection.report import Finding, Inspected, Inspection
from btcore.data.lean.importer import Imported, import_lean
from btcore.data.nautilus import import_nautilus
from btcore.data.sample.market import SampleMarket, sample_bars, sample_quotes, sample_trades

from .containers import Bars, Quotes, Trades
from .resampling import resample
from .source import Source

__all__ = [
    "Bars",
    "Catalog",
    "Definition",
    "Entry",
    "Finding",
    "Imported",
    "Inspected",
    "Inspection",
    "Quotes",
    "SampleMarket",
    "Source",
    "Trades",
    "import_lean",
    "import_nautilus",
    "inspect",
    "read_arrow",
    "read_csv",
    "read_npz",
    "read_parquet",
    "resample",
    "sample_bars",
    "sample_quotes",
    "sample_trades",
    "scan_csv",
    "scan_parquet",
]
