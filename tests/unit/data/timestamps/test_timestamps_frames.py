"""Tables whose times are counts, texts or digits give the same bars, from memory and from a file."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from btcore.data import Bars, read_csv, read_parquet
from btcore.errors import DataError

START, HOUR = 1_704_153_600, 3600  # 2024-01-02
TIMES = START + HOUR * np.arange(4)
COUNTS = {
    unit: TIMES * per_second for unit, per_second in {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}.items()
}
WRITTEN = {
    **COUNTS,
    "float": TIMES / 1.0,
    "digits": np.array([20240102000000, 20240102010000, 20240102020000, 20240102030000]),
    "days": 45293 + np.arange(4) / 24,
    "texts": np.array([f"2024-01-02 0{hour}:00:00" for hour in range(4)]),
}
PRICES = {name: np.ones(4) for name in ("open", "high", "low", "close", "volume")}
TABLES = {"dict": dict, "pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("written", WRITTEN)
def test_tables_in_memory(table, written):
    bars = Bars.from_frame(TABLES[table]({"timestamp": WRITTEN[written], **PRICES}))
    assert bars.timestamp.tolist() == COUNTS["ns"].tolist()
    assert bars.interval == HOUR * 10**9
    assert any(note.startswith("times: ") for note in bars.notes)


@pytest.mark.parametrize("written", WRITTEN)
def test_files(written, tmp_path):
    frame = pl.DataFrame({"timestamp": WRITTEN[written], **PRICES})
    frame.write_csv(tmp_path / "bars.csv")
    frame.write_parquet(tmp_path / "bars.parquet")
    for bars in (read_csv(tmp_path / "bars.csv"), read_parquet(tmp_path / "bars.parquet")):
        assert bars.timestamp.tolist() == COUNTS["ns"].tolist()
        assert bars.interval == HOUR * 10**9


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_the_constructor_refuses_what_a_table_may_have(unit):
    with pytest.raises(DataError, match=rf'from_frame\(..., unit="{unit}"\)'):
        Bars(COUNTS[unit], *[np.ones(4)] * 4)
    given = Bars.from_frame({"timestamp": COUNTS[unit], **PRICES}, unit=unit)
    assert given.timestamp.tolist() == COUNTS["ns"].tolist()
