"""What the function talks to while it is measured, in a process of its own: an image host, and SageMaker's runtime.

``python -m bench.function_peer PORT_FILE [CERTIFICATE]`` serves both; with a certificate, over TLS.
"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness.project import PROJECT

IMAGE = (PROJECT / "site/samples/1.jpg").read_bytes()
LOGITS = b"[[3.99, 1.47, 0.04, -1.28, -2.40]]"


class Peer(BaseHTTPRequestHandler):
    """Answers at once, and keeps connections open."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer("image/jpeg", IMAGE)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer("application/json", LOGITS)

    def _answer(self, media_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def main(port_file: str, certificate: str | None = None) -> None:
    """Serve until the process is ended."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    server.daemon_threads = True
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    Path(port_file).write_text(str(server.server_port))
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
