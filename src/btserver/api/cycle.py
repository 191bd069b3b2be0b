"""uvicorn's cycle of a request and its response, which sends the headers of a JSON response as they are."""

from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


class Cycle(RequestResponseCycle):
    """Does not look at each header again, as uvicorn does, if the application made all of them."""

    # The headers of every response and their text: uvicorn makes a new list each second, with the date.
    _headers: ClassVar[list[tuple[bytes, bytes]] | None] = None
    _lines: ClassVar[bytes] = b""

    async def send(self, message: Any) -> None:
        """As in uvicorn; a start may have its headers as `lines` and the `length` of its body."""
        is_plain = self.keep_alive and not (
            self.response_started or self.disconnected or self.flow.write_paused
        )
        if "lines" not in message or not is_plain:
            await super().send(message)
            return
        self.response_started = True
        self.waiting_for_100_continue = self.chunked_encoding = False
        self.expected_content_length = message["length"]
        if self.default_headers is not Cycle._headers:
            lines = b"".join([b"%b: %b\r\n" % header for header in self.default_headers])
            Cycle._headers, Cycle._lines = self.default_headers, lines
        self.transport.write(b"%b%b%b\r\n" % (STATUS_LINE[message["status"]], Cycle._lines, message["lines"]))
