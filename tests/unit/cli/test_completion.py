"""`btcore completion`: the scripts, run by the shells themselves."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Capture, refused

from btcore.cli.commands import command_parser, main
from btcore.cli.completion import SHELLS
from btcore.cli.search_options import METHODS
from btcore.strategies import STRATEGIES

pytest.importorskip("shtab")
BASH = """
source "$1"
COMP_LINE="$2"; COMP_POINT=${#2}
read -ra COMP_WORDS <<< "$2"
[[ $2 == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
$(complete -p btcore | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script of each shell."""
    folder = tmp_path_factory.mktemp("scripts")
    for shell in SHELLS:
        made = subprocess.run(
            [sys.executable, "-m", "btcore", "completion", shell], capture_output=True, text=True, check=True
        )
        (folder / shell).write_text(made.stdout)
    return folder


def completed(shell: str, scripts: Path, line: str, folder: Path) -> set[str]:
    """What the shell offers after the line."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = str(scripts / shell)
    if shell == "bash":
        command = ["bash", "--norc", "-c", BASH, "bash", script, line]
    else:
        command = ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"', script, line]
    shown = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert shown.stderr == ""
    return {each.split("\t")[0] for each in shown.stdout.splitlines()} - {""}


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_a_shell_completes_commands_options_values_and_files(
    shell: str, scripts: Path, tmp_path: Path
) -> None:
    (tmp_path / "saved.npz").touch()
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "x").touch()

    def after(line: str) -> set[str]:
        return completed(shell, scripts, line, tmp_path)

    assert {"run", "sweep", "walk-forward", "report", "compare", "data", "completion"} <= after("btcore ")
    assert after("btcore da") == {"data"}
    assert {"import", "export", "describe"} <= after("btcore data ")
    assert after("btcore data export --f") == {"--format"}
    assert after("btcore data export --format ") == {"parquet", "arrow", "csv"}
    assert after("btcore run AAPL --strategy ") >= set(STRATEGIES)
    assert after("btcore run AAPL --strategy ma_") == {"ma_crossover"}
    assert after("btcore sweep AAPL --method ") == set(METHODS)
    assert after("btcore walk-forward AAPL --executor pro") == {"processes"}
    assert after("btcore sweep AAPL --study sa") == {"saved.npz"}
    assert after("btcore report sa") == {"saved.npz"}
    folders = {name.rstrip("/") for name in after("btcore run AAPL --data s")}
    assert folders == {"store"}


def test_zsh_can_read_its_script(scripts: Path) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    subprocess.run(["zsh", "-n", str(scripts / "zsh")], check=True)
    assert (scripts / "zsh").read_text().startswith("#compdef btcore")


def test_a_strategy_of_a_file_is_still_accepted_after_a_script_was_made(capsys: Capture) -> None:
    assert main(["completion", "bash"]) == 0
    capsys.readouterr()
    arguments = command_parser().parse_args(["run", "A", "--strategy", "mine.py:Dip"])
    assert arguments.strategy == "mine.py:Dip"


def test_another_shell_is_refused(capsys: Capture) -> None:
    assert "'tcsh'" in refused(capsys, "completion", "tcsh")


def test_without_the_package_the_message_says_how_to_install_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    message = refused(capsys, "completion", "bash")
    assert message == "shtab is not installed: pip install 'btcore[completion]'"
