"""Names of a request that are misspelt: the error of the server names the near one."""

from collections.abc import Iterator
from typing import Any

import pytest
from server_process import check_error, post, request, wait_until
from starlette.testclient import TestClient

from btserver.api.app import create_app
from btserver.settings import Settings
from btserver.store.store import Store


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An application with the engine itself, whose strategies are those of the library."""
    app = create_app(Settings(), Store(tmp_path_factory.mktemp("store")))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize(
    ("change", "path", "near"),
    [
        ({"symbls": ["AAPL"]}, "$.symbls", "symbols"),
        ({"strategy": {"name": "ma_crosover"}}, "$.strategy.name", "ma_crossover"),
        ({"strategy": {"nam": "rsi"}}, "$.strategy.nam", "name"),
        ({"strategy": {"name": "rsi", "params": {"perod": 5}}}, "$.strategy.params.perod", "period"),
        ({"execution": {"slipage_bps": 1}}, "$.execution.slipage_bps", "slippage_bps"),
        ({"execution": {"limit_fill": "tuoch"}}, "$.execution.limit_fill", "touch"),
        ({"instruments": {"AAPL": {"tick_sze": 1}}}, "$.instruments['AAPL'].tick_sze", "tick_size"),
        ({"instruments": {"APPL": {}}}, "$.instruments", "AAPL"),
        ({"resolution": "minut"}, "$.resolution", "minute"),
        ({"timezone": "Europe/Berln"}, "$.timezone", "Europe/Berlin"),
        ({"calendar": "XNYSE"}, "$.calendar", "XNYS"),
    ],
)
def test_names_of_a_body(real: TestClient, change: dict[str, Any], path: str, near: str) -> None:
    answer = real.post("/v1/backtests", json=request(**change))
    body = check_error(answer, 422, "validation_error", path)
    assert f"did you mean {near!r}?" in body["detail"]


def test_names_of_a_query(client: TestClient) -> None:
    results = f"/v1/backtests/{post(client)}/results"
    wait_until(lambda: client.get(results).status_code == 200, "the results")
    arrow = {"accept": "application/vnd.apache.arrow.stream"}
    for path, headers, near in (
        ("/v1/backtests?limt=5", {}, "limit"),
        ("/v1/backtests?state=complete", {}, "completed"),
        (f"{results}?pionts=5", {}, "points"),
        (f"{results}?fields=metrics_sumary", {}, "metrics_summary"),
        (f"{results}?table=trade", arrow, "trades"),
    ):
        body = check_error(client.get(path, headers=headers), 422, "validation_error")
        assert f"did you mean {near!r}?" in body["detail"]


def test_a_long_name_is_answered_and_compared_with_nothing(client: TestClient) -> None:
    answer = client.post("/v1/backtests", json=request(**{"symbols" * 1000: 1}))
    assert "did you mean" not in check_error(answer, 422, "validation_error")["detail"]
