"""What can be run: strategies with their parameters, symbols, and the data of a symbol."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from btcore.errors import BtcoreError
from btserver.errors import ApiError, fault
from btserver.runs.lifecycle import Runs
from btserver.schemas import Time

from . import requests
from .endpoint import PREFIX, Endpoint, json_response


class StrategyInfo(Struct, frozen=True, kw_only=True):
    """A strategy: built in, or of a package that registers it under `btcore.strategies`."""

    name: str
    description: str
    package: str | None
    parameters: Annotated[dict[str, Any], Meta(description="JSON Schema of `strategy.params`.")]


class Symbols(Struct, frozen=True, kw_only=True):
    """Symbols with data, sorted; of the sample market an example, as every symbol has data there."""

    symbols: list[str]
    source: str


class DatasetInfo(Struct, frozen=True, kw_only=True):
    """A dataset of a symbol: its resolution, the times of its first and last row, and its rows."""

    resolution: str
    kind: str
    first: Time
    last: Time
    rows: int | None
    timezone: str | None


class SymbolData(Struct, frozen=True, kw_only=True):
    """What there is of a symbol."""

    symbol: str
    source: str
    datasets: list[DatasetInfo]


class SymbolsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The query of the symbols."""

    resolution: str | None = None


class DataApi:
    """The handlers; `authorise` raises ApiError 401."""

    def __init__(self, runs: Runs, authorise: Callable[[Request], Awaitable[None]]) -> None:
        self._runs = runs
        self._authorise = authorise

    def endpoints(self) -> list[Endpoint]:
        """The route table."""
        return [
            Endpoint(
                "GET",
                f"{PREFIX}/strategies",
                self.strategies,
                "The strategies and their parameters",
                gives=list[StrategyInfo],
                errors=("unauthorized",),
            ),
            Endpoint(
                "GET",
                f"{PREFIX}/symbols",
                self.symbols,
                "The symbols that have data",
                gives=Symbols,
                query=SymbolsQuery,
                errors=("validation_error", "unauthorized"),
            ),
            Endpoint(
                "GET",
                f"{PREFIX}/data/{{symbol}}",
                self.data,
                "The data of a symbol",
                gives=SymbolData,
                errors=("unauthorized", "not_found"),
            ),
        ]

    async def strategies(self, request: Request) -> Response:
        """`GET /v1/strategies`."""
        await self._authorise(request)
        # The first call imports the packages that register strategies.
        return json_response(await asyncio.to_thread(self._runs.engine.list_strategies))

    async def symbols(self, request: Request) -> Response:
        """`GET /v1/symbols?resolution=`."""
        await self._authorise(request)
        query = requests.read_query(request, SymbolsQuery)
        try:
            found = await asyncio.to_thread(
                self._runs.engine.list_symbols, self._runs.source, query.resolution
            )
        except BtcoreError as error:
            raise fault(str(error)) from error
        return json_response(found)

    async def data(self, request: Request) -> Response:
        """`GET /v1/data/{symbol}`."""
        await self._authorise(request)
        symbol = request.path_params["symbol"]
        found = await asyncio.to_thread(self._runs.engine.describe_symbol, self._runs.source, symbol)
        if found is None:
            raise ApiError("not_found", f"there are no data of {symbol[:64]!r}")
        return json_response(found)
