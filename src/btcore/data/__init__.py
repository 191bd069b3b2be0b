"""Market data: containers, readers, resampling, the catalog and the sample market."""

from .catalog import Catalog
from .containers import Bars, Quotes, Trades
from .lean import Imported, import_lean
from .readers import read_arrow, read_csv, read_npz, read_parquet
from .resample import resample
from .sample import SampleMarket, sample_bars, sample_quotes, sample_trades
from .scan import scan_csv, scan_parquet
from .source import Source
from .store import Entry

__all__ = [
    "Bars",
    "Catalog",
    "Entry",
    "Imported",
    "Quotes",
    "SampleMarket",
    "Source",
    "Trades",
    "import_lean",
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
