"""Servers for tests, in this process and in one of their own, on real stores and with real workers."""

from collections.abc import Iterator

import pytest
from server_process import HERE, Open, Served
from starlette.testclient import TestClient

from btserver.api.app import create_app
from btserver.settings import Settings
from btserver.store.store import MAP_SIZE, Store


@pytest.fixture(autouse=True, scope="session")
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE))  # worker processes import the engine for tests
        yield


@pytest.fixture(scope="module")
def open_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Starts an application on its own store; all are stopped at the end of the module."""
    opened: list[TestClient] = []

    def start(*, keys: tuple[str, ...] = (), workers: int = 1, map_size: int = MAP_SIZE) -> TestClient:
        store = Store(tmp_path_factory.mktemp("store"), map_size=map_size)
        settings = Settings(api_keys=keys, workers=workers)
        client = TestClient(create_app(settings, store, engine="fake_engine"), raise_server_exceptions=False)
        client.store = store  # for tests that look behind the scenes
        client.__enter__()
        opened.append(client)
        return client

    yield start
    for client in reversed(opened):
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def client(open_client: Open) -> TestClient:
    """An application that is open to everyone."""
    return open_client()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A process that a module's tests share; it must stop well and without a trace of trouble."""
    with Served(tmp_path_factory.mktemp("server") / "store") as served:
        yield served.ready()
        assert served.stop() == 0
        assert "Traceback" not in served.log()
