"""Optimizations that are refused: the error names the path of the fault, and what is allowed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from optimizations import PATH, base, search, whole
from server_process import check_error, wait_until
from starlette.testclient import TestClient

from btserver.api.app import create_app
from btserver.settings import Settings
from btserver.store.store import Store


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An application with the engine, of little bounds."""
    settings = Settings(max_trials=200, max_rows=400_000, max_trial_rows=1_000_000)
    app = create_app(settings, Store(tmp_path_factory.mktemp("store")))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


SHORT, LONG = whole("short_period", 5, 8), whole("long_period", 20, 40)
SPACE = "$.search_space.parameters"
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"search_space": {"parameters": []}}, SPACE, "length"),
    ({"search_space": None}, "$.search_space", ""),
    ({"nme": "x"}, "$.nme", "name"),
    ({"method": "grit"}, "$.method", "grid"),
    ({"direction": "up"}, "$.direction", "maximize"),
    ({"validation_mode": "holdin"}, "$.validation_mode", "holdout"),
    ({"holdout_share": 1.0}, "$.holdout_share", "0.9"),
    ({"max_trials": 0}, "$.max_trials", "1"),
    ({"concurrency": 0}, "$.concurrency", "1"),
    ({"random_seed": -1}, "$.random_seed", "0"),
    ({"objective_metric": "sharp_ratio"}, "$.objective_metric", "sharpe_ratio"),
    ({"method": "random"}, "$.max_trials", "number"),
    ({"constraints": ["short < long_period"]}, "$.constraints[0]", "short_period"),
    ({"constraints": ["short_period > long_period"]}, "$.constraints", "none"),
    ({"base_backtest": base(symbols=[])}, "$.base_backtest.symbols", "length"),
    ({"base_backtest": base(end_date="2022-01-01")}, "$.base_backtest.end_date", "2022"),
    ({"base_backtest": base(exection={})}, "$.base_backtest.exection", "execution"),
    (
        {"base_backtest": base(strategy={"name": "ma_crosover"})},
        "$.base_backtest.strategy.name",
        "ma_crossover",
    ),
    (
        {"base_backtest": base(strategy={"name": "ma_crossover", "params": {"wieght": 1}})},
        "$.base_backtest.strategy.params.wieght",
        "weight",
    ),
    (
        {"base_backtest": base(execution={"intrabar": "bounds"})},
        "$.base_backtest.execution.intrabar",
        "two readings",
    ),
    ({"base_backtest": base(calendar="XNYSE")}, "$.base_backtest.calendar", "XNYS"),
    ({"base_backtest": base(resolution="second")}, "$.base_backtest.symbols", "400,000"),
    ({"base_backtest": base(resolution="minute")}, "$.max_trials", "1,000,000"),
]
SPACES: list[tuple[list[dict[str, Any]], str, str]] = [
    ([whole("shrt_period", 5, 8)], f"{SPACE}[0].name", "short_period"),
    ([SHORT, SHORT], f"{SPACE}[1].name", "parameters[0]"),
    ([SHORT, whole("long_period", 60, 50)], f"{SPACE}[1].low", "above high"),
    ([SHORT | {"kind": "int_rang"}], f"{SPACE}[0].kind", "int_range"),
    ([{"name": "short_period", "kind": "int_range", "low": 1}], f"{SPACE}[0].high", "required"),
    ([SHORT | {"low": 5.5}], f"{SPACE}[0].low", "whole"),
    ([SHORT | {"step": 9}], f"{SPACE}[0].step", "wider"),
    ([SHORT | {"hgh": 9}], f"{SPACE}[0].hgh", "high"),
    ([{"name": "weight", "kind": "choice", "values": []}], f"{SPACE}[0].values", "empty"),
    ([{"name": "weight", "kind": "log_uniform", "low": 0, "high": 1}], f"{SPACE}[0].low", "above 0"),
    ([{"name": "weight", "kind": "float_range", "low": 0.1, "high": 1}], f"{SPACE}[0]", "step"),
    ([{"name": "short_period", "kind": "choice", "values": ["x", "y"]}], SPACE, "short_period"),
    ([whole("short_period", 50, 60)], SPACE, "is not below long_period"),
    ([SHORT, whole("long_period", 20, 400)], "$.max_trials", "200"),
]


@pytest.mark.parametrize(("change", "path", "text"), REFUSED)
def test_fields(real: TestClient, change: dict[str, Any], path: str, text: str) -> None:
    body = check_error(real.post(PATH, json=search(SHORT, LONG) | change), 422, "validation_error", path)
    assert text in body["detail"], body["detail"]


@pytest.mark.parametrize(("parameters", "path", "text"), SPACES)
def test_spaces(real: TestClient, parameters: list[dict[str, Any]], path: str, text: str) -> None:
    body = check_error(real.post(PATH, json=search(*parameters)), 422, "validation_error", path)
    assert text in body["detail"], body["detail"]


def test_a_grid_is_not_looked_through_for_ever(real: TestClient) -> None:
    parameters = [whole("short_period", 1, 10_000), whole("long_period", 1, 10_000)]
    body = search(*parameters, constraints=["short_period > 10001"], max_trials=5)
    check_error(real.post(PATH, json=body), 422, "validation_error", "$.constraints")


def test_bodies(real: TestClient) -> None:
    check_error(real.post(PATH, content=b"{}"), 415, "validation_error")
    kind = {"content-type": "application/json"}
    check_error(real.post(PATH, content=b"{", headers=kind), 400, "validation_error")
    check_error(real.post(PATH, content=b"[" * 100, headers=kind), 400, "validation_error")
    check_error(real.post(PATH, content=b"{}" + b" " * 2**20, headers=kind), 413, "request_too_large")
    check_error(real.put(PATH), 405, "validation_error")


def test_nulls_and_whole_floats_are_as_for_backtests(real: TestClient) -> None:
    body = search(SHORT | {"low": 5.0, "step": None}, LONG, name=None, max_trials=5.0, constraints=None)
    body["base_backtest"]["execution"] = None
    assert real.post(PATH, json=body).status_code == 201


def test_the_request_of_the_page(real: TestClient) -> None:
    page = (Path(__file__).parents[3] / "docs" / "optimizations.md").read_text()
    body = json.loads(page.partition("```json")[2].partition("```")[0])
    answer = real.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    key = answer.json()["optimization_id"]
    wait_until(lambda: real.get(f"{PATH}/{key}").json()["finished_at"], "the end")
    assert real.get(f"{PATH}/{key}").json()["trials_completed"] == 20
    found = real.get(f"{PATH}/{key}/results").json()
    for name in ("all_trials", "best_trial", "odds", "validation", "manifest", "logs"):
        assert f"`{name}`" in page
        assert found[name]


def test_a_stored_request_is_not_looked_at_again(real: TestClient) -> None:
    """An idempotency key gives the same optimization even if its request would now be refused."""
    header = {"Idempotency-Key": "a"}
    made = real.post(PATH, json=search(SHORT), headers=header)
    assert made.status_code == 201
    assert (
        real.post(PATH, json=search(SHORT), headers=header).json()["optimization_id"]
        == (made.json()["optimization_id"])
    )
