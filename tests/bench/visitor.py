"""A visitor without a browser: Streamlit's websocket, spoken with the classes in its wheel."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
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
    """

    socket: CountedConnection
    pages: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    message_bytes: int = 0

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

    async def run(self, page: str | None = None, query: str = "") -> float:
        """Run a page's script.

        Returns:
            Seconds from the click to the last message of the run.
        """
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_script_hash = self.pages[page] if page is not None else ""
        message.rerun_script.cached_message_hashes.extend(self.known)
        began = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while not self._finished(ForwardMsg.FromString(await self._receive())):
            pass
        return time.perf_counter() - began

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
        if kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            raise RuntimeError(f"the page failed: {message.delta.new_element.exception.message}")
        if kind == "page_not_found":
            raise RuntimeError("the page was not found")
        ended = message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        return kind == "script_finished" and ended
