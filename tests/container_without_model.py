"""A container without a model, which is there at once: each image shows two objects.

FAULT_FILE: a file that says what it answers instead, while there is something in it.
FAULT_START in the model's environment: `silent` (takes connections, never answers /ping), `once` (does so from its
second start on).
"""

import os
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FAULT = Path(os.environ.get("FAULT_FILE", os.devnull))
START = os.environ.get("FAULT_START")
STARTED_BEFORE = Path(os.environ["SM_MODEL_DIR"]) / "started"
IS_SILENT = START == "silent" or (START == "once" and STARTED_BEFORE.exists())

LOGITS = b"[[0, 9, 0, 0, 0]]"  # two objects
NONSENSE = {
    "no JSON": b"two objects, I think",
    "HTML": b"<!doctype html><h1>It works!</h1>",
    "an empty body": b"",
    "a wrong shape": b"[[0, 9]]",
    "an object": b'{"logits": [0, 9, 0, 0, 0]}',
    "NaN": b"[[0, NaN, 0, 0, 0]]",
    "brackets only": b"[" * 100_000,
    "2 MB": b"[[0, 9, 0, 0, 0]]" + b" " * 2 * 1024**2,
    "7 MB": b"x" * 7 * 1024**2,
}


class Contract(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5  # seconds that an idle connection, and its thread, are kept

    def do_GET(self) -> None:
        if IS_SILENT:
            time.sleep(3600)
        self.answer(200, b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        fault = FAULT.read_text()
        match fault:
            case "no HTTP":
                self.wfile.write(b"\x00\xff not HTTP at all\r\n\r\n")
                self.close_connection = True
            case "headers, then the end":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n")
                self.close_connection = True
            case "headers, then nothing":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n")
                wait_while(fault)
                self.close_connection = True
            case "one byte a second":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                wait_while(fault, lambda: self.wfile.write(b" "))
                self.close_connection = True
            case "status 500":
                self.answer(500, b"Traceback (most recent call last): /opt/ml/model/code/inference.py")
            case _:
                self.answer(200, NONSENSE.get(fault, LOGITS))

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Nobody reads it."""


def wait_while(fault: str, every_second: object = None) -> None:
    second = 0.0
    while FAULT.read_text() == fault:
        if callable(every_second) and time.monotonic() > second:
            second = time.monotonic() + 1
            every_second()
        time.sleep(0.1)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Who hangs up has lost patience, which is what is tested."""


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = Server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Contract)
    STARTED_BEFORE.touch()
    server.serve_forever()


if __name__ == "__main__":
    main()
