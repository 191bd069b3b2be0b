"""A catalog of sample bars."""

from pathlib import Path

import pytest

from btcore.cli.commands import main


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Two symbols of minute bars."""
    folder = tmp_path / "catalog"
    arguments = [
        "--start",
        "2024-03-04",
        "--end",
        "2024-03-06",
        "--resolution",
        "minute",
        "--into",
        str(folder),
    ]
    assert main(["data", "sample", "--symbols", "AAPL,MSFT", *arguments]) == 0
    return folder
