"""`btcore report` and `btcore compare`."""

import webbrowser
from pathlib import Path

import pytest
from command_line import CROSS, YEAR, Capture, refused
from html_pages import PageText

from btcore.cli.commands import main


@pytest.fixture
def saved(tmp_path: Path, capsys: Capture) -> list[str]:
    """Two results."""
    names = [str(tmp_path / "slow.npz"), str(tmp_path / "fast.parquet")]
    assert main(["run", "AAPL", *YEAR, "--out", names[0], "--strategy", "ma_crossover"]) == 0
    assert main(["run", "AAPL", *YEAR, *CROSS, "--out", names[1]]) == 0
    capsys.readouterr()
    return names


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser is asked to open."""
    found: list[str] = []

    def show(address: str) -> bool:
        found.append(address)
        return len(found) == 1

    monkeypatch.setattr(webbrowser, "open", show)
    return found


def test_the_page_is_beside_the_result_or_where_it_is_asked_for(
    saved: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert main(["report", saved[0]]) == 0
    assert capsys.readouterr().out == f"wrote {tmp_path / 'slow.html'}\n"
    for given in (["a.html"], ["--out", "a.html"]):
        page = tmp_path / given[-1]
        assert main(["report", saved[0], *given[:-1], str(page)]) == 0
        assert page.read_text() == (tmp_path / "slow.html").read_text()
        page.unlink()


def test_open_shows_the_page_in_the_browser_and_says_if_there_is_none(
    saved: list[str], tmp_path: Path, opened: list[str], capsys: Capture
) -> None:
    page = tmp_path / "a page.html"
    assert main(["report", saved[0], "--out", str(page), "--open"]) == 0
    assert opened == [page.resolve().as_uri()]
    assert capsys.readouterr().err == ""
    assert main(["report", saved[0], str(page), "--open"]) == 0
    assert capsys.readouterr().err == f"btcore: no browser was found to open {page}\n"
    assert main(["report", saved[0]]) == 0
    assert len(opened) == 2


def test_two_pages_and_other_suffixes_are_refused(saved: list[str], capsys: Capture) -> None:
    assert "--out: the page is a.html already" in refused(
        capsys, "report", saved[0], "a.html", "--out", "b.html"
    )
    assert "--out: b.pdf does not end in .html" in refused(capsys, "report", saved[0], "--out", "b.pdf")
    assert "PAGE: b.pdf does not end in .html" in refused(capsys, "report", saved[0], "b.pdf")


@pytest.mark.parametrize("name", [".", "", "/", "..", "run.csv"])
def test_a_result_is_a_file_of_results(name: str, capsys: Capture) -> None:
    message = f"{Path(name)}: the name does not end in .npz or .parquet"
    assert refused(capsys, "report", name) == message
    assert refused(capsys, "report", name, "page.html") == message


def test_compare_prints_the_table_and_writes_the_page(
    saved: list[str], tmp_path: Path, opened: list[str], capsys: Capture
) -> None:
    page = tmp_path / "both.html"
    assert main(["compare", *saved, "--out", str(page), "--open"]) == 0
    head, names, *lines = capsys.readouterr().out.splitlines()
    assert head == "Comparison of 2 runs"
    assert names.split() == ["slow", "fast", "difference"]
    assert lines[-1] == f"wrote {page}"
    assert "slow" in PageText(page.read_text()).text
    assert opened == [page.resolve().as_uri()]
    assert main(["compare", *saved, "--name", "a", "--name", "b"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["a", "b", "difference"]
    assert main(["compare", saved[0], saved[0]]) == 0
    assert "1: ma_crossover" in capsys.readouterr().out


def test_compare_needs_two_results_and_a_page_to_open(saved: list[str], capsys: Capture) -> None:
    assert "results: 1 given; two or more are compared" in refused(capsys, "compare", saved[0])
    assert "names: 1 names for 2 results" in refused(capsys, "compare", *saved, "--name", "a")
    assert "--open: --out is needed" in refused(capsys, "compare", *saved, "--open")
    assert "missing.npz" in refused(capsys, "compare", saved[0], "missing.npz")
