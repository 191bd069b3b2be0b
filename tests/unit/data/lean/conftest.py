"""Writes small folders of LEAN data."""

import zipfile

import pytest


@pytest.fixture
def lean(tmp_path):
    """Writes one file of the folder: a zip of one text or of several members by name, or a text."""

    def write(path, content):
        file = tmp_path / "lean" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix != ".zip":
            file.write_text(content)
            return
        with zipfile.ZipFile(file, "w") as archive:
            for name, text in (content if isinstance(content, dict) else {"rows.csv": content}).items():
                archive.writestr(name, text)

    return write
