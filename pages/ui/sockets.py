"""Answers leave the server at once instead of waiting for the browser's acknowledgement."""

import os
import socket

import psutil


def send_at_once() -> int:
    """Switch Nagle's algorithm off for all connections to this server.

    asyncio does so only for sockets whose protocol number says TCP, and Streamlit 1.67 opens its
    listening socket without one: a page's first message is then followed by 40 ms of silence, until
    the browser's delayed acknowledgement. On Linux an accepted connection inherits the option of
    the socket that listens.

    Returns:
        Number of listening sockets found.
    """
    found = [
        connection.fd
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.fd >= 0
    ]
    for number in found:
        # a duplicate shares the option and can be closed again
        with socket.socket(fileno=os.dup(number)) as listener:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return len(found)
