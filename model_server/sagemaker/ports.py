"""Finds a TCP port for a process that will only bind it a moment later."""

import socket


def reserve_port(host: str) -> int:
    """A free port of `host` that the system gives to nobody else for about a minute.

    Closing a connection leaves its port in the state TIME_WAIT. The system hands no such port out, but a
    server that sets SO_REUSEADDR, as servers do, can bind it. (Merely closing a bound socket would put the
    port up for grabs.)
    """
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, 0))
        server.listen(1)
        with socket.create_connection(server.getsockname()):
            accepted, _ = server.accept()
            accepted.close()  # the side that closes first is the one left in TIME_WAIT
        return int(server.getsockname()[1])
