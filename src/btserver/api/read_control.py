"""Flow control of a connection, in which reading can be held."""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl


class ReadControl(FlowControl):
    """Flow control whose reading can be held, also while the application asks for more."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self.is_held = False
        self._is_paused = False  # by uvicorn

    def pause_reading(self) -> None:
        """Pauses until `resume_reading`."""
        self._is_paused = True
        super().pause_reading()

    def resume_reading(self) -> None:
        """Resumes, unless reading is held."""
        self._is_paused = False
        if not self.is_held:
            super().resume_reading()

    def hold(self, is_held: bool) -> None:
        """Holds reading, or lets go of it."""
        self.is_held = is_held
        if is_held:
            super().pause_reading()
        elif not self._is_paused:
            super().resume_reading()
