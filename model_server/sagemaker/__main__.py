"""Command line: `python -m model_server.sagemaker --port 4567 --directory DIR`."""

import shlex
import sys
from pathlib import Path

import click

from model_server.sagemaker.server import Server
from model_server.serving.json_log import log_as_json

_DEFAULT_COMMAND = shlex.join([sys.executable, "-m", "model_server.container", "serve"])


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=4567, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--directory",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where models are unpacked and container logs are written.",
)
@click.option(
    "--container-command",
    envvar="MODEL_CONTAINER_COMMAND",
    default=_DEFAULT_COMMAND,
    help="Command line that runs a container; by default this project's model server.",
)
@click.option("--enforce-iam", is_flag=True, help="Let the IAM at AWS_ENDPOINT_URL say what callers and roles may do.")
@click.option("--standby", is_flag=True, help="Let a container import PyTorch before the first endpoint asks for one.")
@click.option("--persist", is_flag=True, help="Keep all in the directory; the next start there brings it back.")
def main(
    host: str, port: int, directory: Path, container_command: str, enforce_iam: bool, standby: bool, persist: bool
) -> None:
    """Stand in for Amazon SageMaker: create models and endpoints with any AWS SDK, and invoke them.

    Model data comes from the S3 that AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL names.
    """
    command = tuple(shlex.split(container_command))
    if not command:
        raise click.UsageError("--container-command is empty")
    log_as_json(sys.stderr)
    # Without arguments for gunicorn to take from the command line.
    sys.argv = sys.argv[:1]
    Server(host, port, directory.resolve(), command, enforce_iam=enforce_iam, standby=standby, persistent=persist).run()


if __name__ == "__main__":
    main()
