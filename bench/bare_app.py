"""A bare Starlette application: what the server is compared with. Prints its address."""

import json
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

EVENTS = 5_000
TIME = "2024-01-02T09:30:00.123456Z"


async def show(request: Request) -> JSONResponse:
    """A status of constants, as long as that of the server."""
    status = {"run_id": request.path_params["run_id"], "state": "completed", "progress": 1.0}
    return JSONResponse(status | {"created_at": TIME, "started_at": TIME, "finished_at": TIME, "error": None})


async def health(_: Request) -> JSONResponse:
    """The response to a new connection."""
    return JSONResponse({"status": "ok"})


async def stream(socket: WebSocket) -> None:
    """Events of constants, as long as those of the server."""
    await socket.accept()
    run_id = socket.path_params["run_id"]
    for number in range(EVENTS):
        event = {"type": "metric", "event_id": number, "run_id": run_id, "timestamp": TIME}
        await socket.send_text(json.dumps(event | {"payload": {"name": "equity", "value": 1e6 + number}}))
    await socket.close()


def main() -> None:
    """Serves on a free port until it is killed, with the event loop and parser that btserver has."""
    one = "/v1/backtests/{run_id}"
    routes = [Route(one, show), Route("/healthz", health), WebSocketRoute(f"{one}/stream", stream)]
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        Starlette(routes=routes),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="error",
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
