"""A container for the tests of the SageMaker stand-in: keeps SageMaker's contract, or breaks it as told.

FAKE_START in the model's environment: `exit` (fails to start), `unready` (/ping answers 503), `garbage` (not HTTP),
`once` (is ready when started for the first time, and never again).
FAKE_READY: /ping answers 503 until this file exists.
Custom attributes of an invocation: `die`, `sleep <seconds>`, `status <code>`, `truncate`, `flood`, `trickle`.
"""

import json
import os
import signal
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

READY = Path(os.environ.get("FAKE_READY", "/"))
START = os.environ.get("FAKE_START")
FIRST_START = Path(os.environ["SM_MODEL_DIR"]) / "started"
IS_BROKEN = START == "unready" or (START == "once" and FIRST_START.exists())
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


class Contract(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200 if READY.exists() and not IS_BROKEN else 503, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        attributes = self.headers.get(ATTRIBUTES, "")
        command, _, argument = attributes.partition(" ")
        status = 200
        match command:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "sleep":
                time.sleep(float(argument))
            case "status":
                status = int(argument)
            case "truncate":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
                self.close_connection = True
                return
            case "trickle":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                for _ in range(750):
                    self.wfile.write(b".")
                    time.sleep(0.1)
            case "flood":
                self.answer(200, b"x" * (6 * 1024**2 + 1))
                return
        model_dir = Path(os.environ["SM_MODEL_DIR"])
        seen = {
            "pid": os.getpid(),
            "size": len(body),
            "body": body[:1000].decode("latin-1"),
            "headers": dict(self.headers),
            "environment": dict(os.environ),
            "files": {file.name: file.read_text() for file in model_dir.iterdir() if file.is_file()},
        }
        self.answer(status, json.dumps(seen).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if attributes := self.headers.get(ATTRIBUTES):
            self.send_header(ATTRIBUTES, attributes)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep the log for what matters."""


class Garbage(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1024)
        self.request.sendall(b"\x00\xff not HTTP at all\r\n\r\n")


class GarbageServer(socketserver.TCPServer):
    allow_reuse_address = True


def main() -> None:
    if START == "exit":
        print("loading the model", flush=True)
        print("RuntimeError: weights do not fit the architecture", file=sys.stderr)
        print("worker is leaving", file=sys.stderr)
        sys.exit(3)
    address = ("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    server: socketserver.BaseServer
    server = GarbageServer(address, Garbage) if START == "garbage" else ThreadingHTTPServer(address, Contract)
    if START == "once":
        FIRST_START.touch()
    server.serve_forever()


if __name__ == "__main__":
    main()
