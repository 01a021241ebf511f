"""Certificates for servers on loopback that stand for others on the Internet."""

import shutil
import subprocess
from pathlib import Path

import pytest


def make_certificate(path: Path, *names: str) -> Path:
    """Write a new key and a certificate into one PEM file, and beside it, as ``.crt``, the certificate alone.

    :param names: whom it is valid for, as openssl writes it: ``DNS:images.localhost``, ``IP:93.184.215.14``.
    :return: `path`.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    files = ["-keyout", str(path), "-out", str(path)]
    command = [openssl, "req", *options, "-addext", f"subjectAltName={','.join(names)}", *files]
    subprocess.run(command, check=True, capture_output=True)
    public = subprocess.run([openssl, "x509", "-in", path], check=True, capture_output=True).stdout
    path.with_suffix(".crt").write_bytes(public)
    return path
