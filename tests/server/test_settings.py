"""Settings, run ids, keys of the store, API keys."""

import struct
from pathlib import Path

import pytest

from btserver.api import auth
from btserver.cli import main
from btserver.run_id import new_run_key, run_key, run_text
from btserver.settings import Settings, SettingsError, is_loopback, read_settings
from btserver.store import keys


def test_defaults() -> None:
    settings = read_settings({}, {})
    assert (settings.host, settings.port, settings.data, settings.api_keys) == ("127.0.0.1", 8000, None, ())
    assert settings.workers >= 1


def test_flags_take_precedence_over_the_environment() -> None:
    environment = {
        "BTSERVER_HOST": "::1",
        "BTSERVER_PORT": "1",
        "BTSERVER_DATA": "d",
        "BTSERVER_STORE": "s",
        "BTSERVER_WORKERS": "3",
        "BTSERVER_API_KEYS": " a, ,b ",
        "BTSERVER_MAX_MEMORY": "512",
    }
    settings = read_settings({"port": "2", "store": None}, environment)
    expected = Settings(
        host="::1", port=2, data="d", store="s", workers=3, api_keys=("a", "b"), max_memory=512
    )
    assert settings == expected


@pytest.mark.parametrize("flags", [{"port": "x"}, {"port": "65536"}, {"port": "-1"}, {"workers": "0"}])
def test_invalid_numbers(flags: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(flags))):
        read_settings(flags, {})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "example.com", "*"])
def test_without_keys_only_loopback(host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not is_loopback(host)
    with pytest.raises(SettingsError, match="without API keys"):
        Settings(host=host)
    Settings(host=host, api_keys=("k",))
    assert main(["serve", "--host", host, "--store", str(tmp_path / "s")], engine="fake_engine") == 2
    assert "refusing to listen" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


def test_run_ids_are_lower_case_uuids() -> None:
    run = new_run_key(1_700_000_000_000_000_000)
    text = run_text(run)
    assert run_key(text) == run
    for wrong in (
        text.upper(),
        text + "\n",
        text.replace("-", ""),
        "",
        "..",
        "%00",
        text[:-1],
        f"{{{text}}}",
    ):
        assert run_key(wrong) is None
    assert new_run_key(1) != new_run_key(1)


def test_byte_order_is_the_order_of_events_and_runs() -> None:
    run = b"r" * 16
    assert [keys.event_key(run, n) for n in (1, 2, 255, 256, 2**40)] == sorted(
        keys.event_key(run, n) for n in (256, 2**40, 1, 255, 2)
    )
    assert keys.order_of(keys.created_key(7, run)) == 7
    assert keys.block_key(run, "trades", 3)[-4:] == struct.pack(">I", 3)


def test_keys_are_compared_completely() -> None:
    allowed = auth.ApiKeys(["secret", "ключ"])
    assert allowed.allow([b"secret"])
    assert allowed.allow(["ключ".encode()])
    assert allowed.allow([b"secret", b"secret"])
    for offered in ([], [b""], [b"secre"], [b"secret "], [b"SECRET"], [b"secret", b"other"], [b"x" * 10_000]):
        assert not allowed.allow(offered)
    assert auth.ApiKeys([]).allow([])
    assert auth.ApiKeys([]).allow([b"anything"])


def test_where_keys_are_read_from() -> None:
    headers = [(b"authorization", b"bearer  k1"), (b"x-api-key", b"k2"), (b"cookie", b"k3")]
    assert auth.header_keys(headers) == [b"k1", b"k2"]
    assert auth.header_keys([(b"authorization", b"Basic k1")]) == []
    assert auth.query_keys(b"api_key=a%20b&x=1&api_key=") == [b"a b", b""]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND (see btserver --help)"),
        (["serve", "--nope"], "unrecognized arguments: --nope (see btserver serve --help)"),
        (
            ["serve", "--por", "1"],
            "unrecognized arguments: --por 1 (did you mean '--port'?) (see btserver serve --help)",
        ),
        (["serve", "--port"], "argument --port: expected one argument (see btserver serve --help)"),
        (["serve", "--port=-1"], "port: '-1' is not a whole number of 0 or more"),
    ],
)
def test_invalid_arguments_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"btserver: {message}\n"
