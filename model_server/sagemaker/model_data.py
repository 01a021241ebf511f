"""Fetches the model data of a container from S3 into a folder."""

import shutil
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from model_server.sagemaker.archive import ArchiveRefused, unpack
from model_server.sagemaker.errors import ValidationException
from model_server.sagemaker.iam import Credentials

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ModelDataError(Exception):
    """The model data cannot be had. The message is fit for an endpoint's FailureReason."""


def parse_uri(uri: str, member: str) -> tuple[str, str]:
    """Split `s3://bucket/key`; `member` is the request's member to name in an error."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key or key.endswith("/"):
        raise ValidationException(f"{member} must name one object as s3://bucket/key, not {uri!r}")
    return bucket, key


def fetch(uri: str, folder: Path, s3: "S3Client", *, role_arn: str, timeout: float) -> None:
    """Download the `model.tar.gz` at `uri` within `timeout` seconds and unpack it to the new `folder`.

    `role_arn` is named when S3 refuses the access.

    Raises:
        ModelDataError: nothing has been left behind.
    """
    with tempfile.NamedTemporaryFile(prefix=".model-", suffix=".tar.gz", dir=folder.parent) as archive:
        path = Path(archive.name)
        _download(uri, path, s3, role_arn, time.monotonic() + timeout)
        try:
            unpack(path, folder)
        except ArchiveRefused as error:
            raise ModelDataError(
                f'Failed to extract model data archive for container "container_1" from URL "{uri}": {error}'
            ) from error


def _download(uri: str, target: Path, s3: "S3Client", role_arn: str, deadline: float) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, key = parse_uri(uri, "ModelDataUrl")
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
        _require_space(answer["ContentLength"], target.parent)
        with target.open("wb") as file:
            for chunk in answer["Body"].iter_chunks(1024 * 1024):
                if time.monotonic() > deadline:
                    raise ModelDataError(f"Downloading model data from {uri} took too long")
                file.write(chunk)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
            raise ModelDataError(f"Could not find model data at {uri}. {_ADVICE}") from error
        if error.response["Error"]["Code"] == "AccessDenied":
            raise ModelDataError(
                f'Could not access model data at {uri}. Please ensure that the role "{role_arn}" exists and that its '
                'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
                '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the '
                f"object is located in {s3.meta.region_name}. ({error})"
            ) from error
        raise ModelDataError(_failed_download(uri, error)) from error
    except (BotoCoreError, OSError) as error:
        raise ModelDataError(_failed_download(uri, error)) from error
    finally:
        s3.close()  # its connections: the next download is far away, and opens another


_ADVICE = (
    "Please ensure that there is an object located at the URL "
    "and that the role passed to CreateModel has permissions to download the object."
)


def _failed_download(uri: str, error: Exception) -> str:
    return f'Failed to download model data for container "container_1" from URL: "{uri}". {_ADVICE} ({error})'


def _require_space(size: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise ModelDataError(f"The model data has {size} bytes, but the disk has room for only {free}")


@cache
def own_s3_client(region: str) -> "S3Client":
    """The S3 client of a region with the stand-in's own credentials."""
    return s3_client(region)


def s3_client(region: str, credentials: Credentials | None = None) -> "S3Client":
    """The S3 client of a region. `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` says where S3 is."""
    # Imported here because it takes a third of a second, and the server should listen before that.
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"total_max_attempts": 2},
        s3={"addressing_style": "path"},  # an emulator's buckets have no host names
    )
    given = (credentials.access_key_id, credentials.secret_access_key, credentials.session_token) if credentials else ()
    return boto3.session.Session(*given).client("s3", region_name=region, config=config)
