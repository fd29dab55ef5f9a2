"""A visitor without a browser: Streamlit's websocket, spoken with the classes in its wheel."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Slider_pb2 import Slider
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

ANSWER_SECONDS = 60.0


class CountedConnection(ClientConnection):
    """A connection that counts the bytes as they come, before they are unpacked."""

    received = 0

    def data_received(self, data: bytes) -> None:
        """Count, and pass on."""
        self.received += len(data)
        super().data_received(data)


@dataclass(slots=True)
class Visitor:
    """One open session.

    Attributes:
        pages: address of each page to the hash that opens it.
        known: hashes of messages that a browser would keep, so that they are not sent again.
        message_bytes: size of all messages so far, unpacked.
        sliders: those on screen, by their label.
    """

    socket: CountedConnection
    pages: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    message_bytes: int = 0
    sliders: dict[str, Slider] = field(default_factory=dict)

    @property
    def wire_bytes(self) -> int:
        """Bytes that have come over the network so far; a browser compresses messages likewise."""
        return self.socket.received

    @classmethod
    async def arrive(cls, url: str, query: str = "") -> "Visitor":
        """Open a session and wait until its first page is drawn."""
        address = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
        protocols: Any = ["streamlit"]
        socket = await connect(
            address, subprotocols=protocols, max_size=None, create_connection=CountedConnection
        )
        assert isinstance(socket, CountedConnection)
        visitor = cls(socket)
        await visitor.run(query=query)
        return visitor

    async def run(
        self, page: str | None = None, query: str = "", widgets: Iterable[WidgetState] = ()
    ) -> float:
        """Run a page's script, with what was done to its widgets.

        Returns:
            Seconds from the click to the last message of the run.
        """
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_script_hash = self.pages[page] if page is not None else ""
        message.rerun_script.cached_message_hashes.extend(self.known)
        message.rerun_script.widget_states.widgets.extend(widgets)
        began = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while not self._finished(ForwardMsg.FromString(await self._receive())):
            pass
        return time.perf_counter() - began

    async def slide(self, page: str, query: str, label: str, share: float) -> float:
        """Move a slider to a share of its way, which runs the page's script.

        Returns:
            Seconds from the move to the last message of the run.
        """
        slider = self.sliders[label]
        steps = round(share * (slider.max - slider.min) / slider.step)
        state = WidgetState(id=slider.id)
        state.double_array_value.data.append(slider.min + steps * slider.step)
        return await self.run(page, query, (state,))

    async def leave(self) -> None:
        """Close the session."""
        await self.socket.close()

    async def _receive(self) -> bytes:
        data = await asyncio.wait_for(self.socket.recv(), ANSWER_SECONDS)
        content = data if isinstance(data, bytes) else data.encode()
        self.message_bytes += len(content)
        return content

    def _finished(self, message: ForwardMsg) -> bool:
        """Note what a browser would; tell whether the run has ended."""
        if message.metadata.cacheable:
            self.known.add(message.hash)
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self.pages = {p.url_pathname: p.page_script_hash for p in message.navigation.app_pages}
        element = message.delta.new_element if kind == "delta" else None
        if element is not None and element.WhichOneof("type") == "slider":
            self.sliders[element.slider.label] = element.slider
        if element is not None and element.WhichOneof("type") == "exception":
            raise RuntimeError(f"the page failed: {message.delta.new_element.exception.message}")
        if kind == "page_not_found":
            raise RuntimeError("the page was not found")
        ended = message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        return kind == "script_finished" and ended
