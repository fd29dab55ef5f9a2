import socket

from pages.ui.sockets import send_at_once


def test_a_connection_accepted_later_sends_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.listen()
        assert send_at_once() >= 1
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
