"""Market data: containers, readers, resampling, the catalog and the sample market."""

from .catalog import Catalog
from .containers import Bars, Quotes, Trades
from .readers import read_arrow, read_csv, read_npz, read_parquet
from .resample import resample
from .sample import SampleMarket, sample_bars, sample_quotes, sample_trades
from .source import Source
from .store import Entry

__all__ = [
    "Bars",
    "Catalog",
    "Entry",
    "Quotes",
    "SampleMarket",
    "Source",
    "Trades",
    "read_arrow",
    "read_csv",
    "read_npz",
    "read_parquet",
    "resample",
    "sample_bars",
    "sample_quotes",
    "sample_trades",
]
