"""The two emulators: MiniStack for AWS, and this project's stand-in for SageMaker."""

import errno
import os
import socket
import sys
import time
from pathlib import Path

from harness.addresses import REGION, Addresses
from harness.failure import Failure
from harness.processes import ProcessGroup
from harness.project import PROJECT
from harness.workspace import temporary_files

START_SECONDS = 60.0
CREDENTIALS = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")  # the emulators take any

# Function calls at once, each a process of 25 MB; AWS's usual limit is 1,000. It is above what an endpoint's container
# lets in (32), so that under overload it is the endpoint that refuses, with a reason, as on AWS.
MAX_FUNCTION_CALLS = 40


class EmulatorError(Failure):
    """An emulator does not run; the message says which, and what to do."""


def check_ports(addresses: Addresses) -> None:
    """Find out now, and not from an emulator's log, that a port cannot be used.

    :raises EmulatorError: naming the port and the option that changes it.
    """
    if addresses.aws_port == addresses.sagemaker_port:
        raise EmulatorError(f"--port and --sagemaker-port are both {addresses.aws_port}; choose two different ports.")
    for port, option in ((addresses.aws_port, "--port"), (addresses.sagemaker_port, "--sagemaker-port")):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                taken = error.errno == errno.EADDRINUSE
                reason = "is taken by another program" if taken else f"cannot be used: {error.strerror}"
                raise EmulatorError(f"port {port} {reason}. Choose another with {option}.") from None


def start(group: ProcessGroup, addresses: Addresses, directory: Path, enforce_iam: bool = False) -> None:
    """Start both emulators; their logs and files go to ``directory``.

    :param enforce_iam: check every call against the caller's policies. The harness calls as the account's root.
    """
    files = temporary_files(directory)
    files.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "TMPDIR": str(files),
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": REGION,
        # Several processes share few cores; threads that spin while they wait would take them from each other.
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    group.start(
        "MiniStack",
        [sys.executable, "-m", "harness.aws_emulator", str(files)],
        environment
        | {
            "GATEWAY_PORT": str(addresses.aws_port),
            # Left alone it listens on every interface, for MQTT and SFTP as well, and it runs code on request.
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AUTH": str(enforce_iam).lower(),
            "LAMBDA_ACCOUNT_CONCURRENCY": str(MAX_FUNCTION_CALLS),
        },
        directory / "emulator.log",
        PROJECT,
    )
    group.start(
        "SageMaker stand-in",
        [
            *(sys.executable, "-m", "model_server.sagemaker"),
            *("--port", str(addresses.sagemaker_port), "--directory", str(directory)),
            *("--persist", "--standby"),
            *(["--enforce-iam"] if enforce_iam else []),
        ],
        environment | {"AWS_ENDPOINT_URL": addresses.aws_url},
        directory / "sagemaker.log",
        PROJECT,
        restart=True,  # it finds its endpoints again, and they their models
    )


def wait_until_ready(addresses: Addresses, directory: Path) -> None:
    """Wait until both answer.

    :raises EmulatorError: when one of them stays silent.
    """
    give_up_at = time.monotonic() + START_SECONDS
    for url in (f"{addresses.aws_url}/_ministack/health", f"{addresses.sagemaker_url}/_health"):
        while not _answers(url):
            if time.monotonic() > give_up_at:
                raise EmulatorError(f"{url} did not answer within {START_SECONDS:.0f} s. Logs are in {directory}")
            time.sleep(0.02)


def keep_running(group: ProcessGroup, directory: Path) -> None:
    """Both must run for as long as the stack does. The stand-in can be started again; MiniStack forgets all.

    :raises EmulatorError: saying which one has ended for good.
    """
    if ended := group.keep_running():
        raise EmulatorError(f"{ended}; the stack is stopped. Logs are in {directory}")


def _answers(url: str) -> bool:
    # Imported here because the emulators, which take longer, can start meanwhile.
    import urllib3

    try:
        return urllib3.request("GET", url, timeout=5, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False
