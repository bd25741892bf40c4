"""A loopback proxy that loses replies: the server has done what was asked, and the phone never hears of it."""

import contextlib
import socket
import threading
import time
from random import Random


class Proxy:
    """Passes everything between clients and a server. Of the replies it drops some, once the server has given them, and holds others up."""

    def __init__(self, upstream: int, *, seed: str = "proxy") -> None:
        self.upstream, self.chance = upstream, Random(seed)
        self.loses = self.delays = 0.0  # share of the replies; seconds at most
        self.lost = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.upstream)) as server:
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            while reply := server.recv(65536):
                if self.chance.random() < self.loses:
                    self.lost += 1
                    break  # both ends are closed
                if self.delays:
                    time.sleep(self.chance.uniform(0, self.delays))
                client.sendall(reply)
            for end in (client, server):
                end.shutdown(socket.SHUT_RDWR)

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while asked := client.recv(65536):
                server.sendall(asked)
            server.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.listener.close()
