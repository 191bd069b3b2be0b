"""Servers for tests, in this process and in a process of their own, with real stores and workers."""

from collections.abc import Iterator

import pytest
from server_process import HERE, OpenClient, ServerProcess
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
def open_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenClient]:
    """Starts an application on its own store; all are stopped at the end of the module."""
    opened: list[TestClient] = []

    def start(*, keys: tuple[str, ...] = (), workers: int = 1, map_size: int = MAP_SIZE) -> TestClient:
        store = Store(tmp_path_factory.mktemp("store"), map_size=map_size)
        settings = Settings(api_keys=keys, workers=workers)
        app = create_app(settings, store, engine="fake_engine")
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        client.store = store  # for tests that read the store
        client.__enter__()
        opened.append(client)
        return client

    yield start
    for client in reversed(opened):
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def client(open_client: OpenClient) -> TestClient:
    """An application without API keys."""
    return open_client()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server process shared by the tests of a module; it must stop with exit code 0 and no traceback."""
    with ServerProcess(tmp_path_factory.mktemp("server") / "store") as served:
        yield served.wait_ready()
        assert served.stop() == 0
        assert "Traceback" not in served.log()
