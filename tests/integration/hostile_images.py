"""A web server that behaves as badly as the path asks it to. It prints its port, and runs until its input ends."""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class HostileImages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.connection.settimeout(60)
        try:
            getattr(self, self.path.split("?")[0].strip("/").replace("-", "_"), self.not_found)()
        except OSError:
            self.close_connection = True  # the caller has had enough, as it should

    def not_found(self) -> None:
        self.send_error(404)

    def hang(self) -> None:
        time.sleep(40)

    def stream_forever(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        while True:
            self.wfile.write(bytes(65536))

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        for _ in range(400):
            self.wfile.write(b"\xff")
            time.sleep(0.1)

    def html(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>not an image</title>")

    def redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.path.partition("?to=")[2])
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing: the tests say what matters."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), HostileImages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
