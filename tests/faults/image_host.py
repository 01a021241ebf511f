"""An image host as a process of its own: `python image_host.py PORT FILE` answers every GET with the file."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

IMAGE = Path(sys.argv[2]).read_bytes()


class Host(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(IMAGE)))
        self.end_headers()
        self.wfile.write(IMAGE)

    def log_message(self, *_arguments: object) -> None:
        """Nobody reads it."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Callers that ran out of time hang up."""


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Host).serve_forever()
