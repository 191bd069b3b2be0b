"""The notebooks of `examples/notebooks/` run from first to last cell, and are kept without outputs."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WRITTEN = {"first_run": {"report.html", "comparison.html"}, "sweep": {"sweep.html"}, "ticks": set()}


def test_there_are_three() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(WRITTEN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_has_no_outputs(path: Path) -> None:
    assert path.stat().st_size < 12_000
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 5
    assert cells[0]["cell_type"] == "markdown"
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def execute(path: Path, folder: Path) -> list[dict[str, Any]]:
    """The outputs of all cells, run by a kernel in the folder."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    if path.stem == "ticks":
        pytest.importorskip("numba")
    book = nbformat.read(path, as_version=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel's client, which are not ours
        nbclient.NotebookClient(
            book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        ).execute()
    return [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_pictures(path: Path, tmp_path: Path) -> None:
    outputs = execute(path, tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == WRITTEN[path.stem]
    assert not [output for output in outputs if output["output_type"] == "error"]
    shown = [output["data"] for output in outputs if "data" in output]
    pictures = [data for data in shown if "<svg" in data.get("text/html", "") + data.get("image/svg+xml", "")]
    assert len(pictures) >= 3


def test_a_failing_cell_fails_the_test(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    book = json.loads(NOTEBOOKS[0].read_text())
    book["cells"] = [{**book["cells"][1], "source": ["assert 1 == 2"]}]
    path = tmp_path / "broken.ipynb"
    path.write_text(json.dumps(book))
    with pytest.raises(nbclient.exceptions.CellExecutionError):
        execute(path, tmp_path)
