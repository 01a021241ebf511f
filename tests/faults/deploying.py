"""Faults of a deployment: of the endpoint, of what it is made from, of the disk that it is put on."""

import contextlib
import gzip
import io
import itertools
import os
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from tests.faults.breaking import kill
from tests.faults.callers import Callers
from tests.faults.system import ENDPOINT, Part, System

DISK_IS_FULL = ("No space left on device", "the disk has room for only", "File too large")

_numbers = itertools.count(1)


def update(system: System, callers: Callers) -> float:
    """To the same model once more."""
    callers.start()
    _update(system, _configuration(system))
    assert "FailureReason" not in _settled(system)
    return time.monotonic()


def delete_and_create(system: System, callers: Callers) -> float:
    configuration = system.describe()["EndpointConfigName"]
    _delete(system)
    callers.wait_until_all_feel_it()
    system.sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=configuration)
    return time.monotonic()


def update_without_object(system: System, callers: Callers) -> float:
    """What serves stays, and the endpoint says why."""
    _fail_to_update(system, callers, _configuration(system, _absent(system)), "Could not find model data at s3://")
    return time.monotonic()


def create_without_object(system: System, callers: Callers) -> float:
    """The endpoint fails; it is deleted, and created from what exists."""
    good = system.describe()["EndpointConfigName"]
    _delete(system)
    absent = _configuration(system, _absent(system), like=good)
    system.sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=absent)
    settled = _settled(system)
    assert settled["EndpointStatus"] == "Failed"
    assert settled["FailureReason"].startswith("Could not find model data at s3://")
    callers.wait_until_all_feel_it()
    _delete(system)
    system.sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=good)
    return time.monotonic()


def kill_without_object(system: System, callers: Callers) -> float:
    """A container that is started again needs nothing from S3 any more."""
    s3 = system.stack.aws["s3"]
    bucket, key = _model(system)["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").split("/", 1)
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=key)
    try:
        killed = kill(Part.CONTAINER, system, callers)
        callers.wait_until_each(lambda answer: answer.is_good and answer.asked > killed)
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return killed


def update_on_full_disk(system: System, callers: Callers) -> float:
    """First the unpacked model does not fit, then not even the object."""
    zeros = gzip.compress(_tar({"model.pth": bytes(64 * 1024**2)}))  # a small object, a large model
    configuration = _configuration(system, _uploaded(system, zeros))
    for left in (8 * 1024**2, 0):
        with _full_disk(system, left):
            _fail_to_update(system, callers, configuration, *DISK_IS_FULL)
    return time.monotonic()


def update_to_silent_container(system: System, callers: Callers) -> float:
    """It never answers /ping. SageMaker's shortest limit for that is a minute."""
    _fail_to_update(
        system,
        callers,
        _configuration(system, _changed_model(system, {"FAULT_START": "silent"})),
        "did not pass the ping health check",
    )
    return time.monotonic()


def kill_for_silent_container(system: System, callers: Callers) -> float:
    """A container that answers /ping when it is started first, and never again: only an update helps."""
    good = system.describe()["EndpointConfigName"]
    _update(system, _configuration(system, _changed_model(system, {"FAULT_START": "once"})))
    assert "FailureReason" not in _settled(system)
    kill(Part.CONTAINER, system, callers)
    callers.wait_until_all_feel_it()
    _update(system, good)
    return time.monotonic()


def _fail_to_update(system: System, callers: Callers, configuration: str, *reasons: str) -> None:
    """Update, and see that what served before goes on, and that the endpoint gives one of these reasons."""
    before = system.describe()["EndpointConfigName"]
    callers.start()
    _update(system, configuration)
    settled = _settled(system)
    assert settled["EndpointStatus"] == "InService"
    assert settled["EndpointConfigName"] == before
    assert any(reason in settled["FailureReason"] for reason in reasons), settled["FailureReason"]
    callers.wait_until_all_feel_it()


@contextmanager
def _full_disk(system: System, left: int) -> Iterator[None]:
    """Leave only some bytes where the stack keeps its files.

    A disk of its own can be filled. Where the stack has none, because only root can mount one, its stand-in may
    not write larger files than that; Linux calls this another error, but it comes at the same places.
    """
    if os.path.ismount(system.stack.directory):
        ballast = system.stack.directory / "ballast"
        disk = os.statvfs(system.stack.directory)
        with ballast.open("wb") as file, contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - left)
        try:
            yield
        finally:
            ballast.unlink()
    else:
        stand_in = system.processes(Part.STAND_IN)
        limits = [process.rlimit(psutil.RLIMIT_FSIZE) for process in stand_in]
        for process, (_, hard) in zip(stand_in, limits, strict=True):
            process.rlimit(psutil.RLIMIT_FSIZE, (left, hard))
        try:
            yield
        finally:
            for process, limit in zip(stand_in, limits, strict=True):
                process.rlimit(psutil.RLIMIT_FSIZE, limit)


def _update(system: System, configuration: str) -> None:
    system.sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=configuration)


def _delete(system: System) -> None:
    system.sagemaker.delete_endpoint(EndpointName=ENDPOINT)
    system.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=ENDPOINT, WaiterConfig={"Delay": 1})


def _settled(system: System) -> dict[str, Any]:
    while (described := system.describe())["EndpointStatus"] not in ("InService", "Failed"):
        time.sleep(0.1)
    return described


def _configuration(system: System, model: str | None = None, like: str | None = None) -> str:
    """A new endpoint configuration, as the present one but for the model."""
    like = like or system.describe()["EndpointConfigName"]
    (variant,) = system.sagemaker.describe_endpoint_config(EndpointConfigName=like)["ProductionVariants"]
    variant |= {"ModelName": model or variant["ModelName"], "ContainerStartupHealthCheckTimeoutInSeconds": 60}
    name = f"configuration-{next(_numbers)}"
    system.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return name


def _model(system: System) -> dict[str, Any]:
    """The description of the first model, which the deployment has made."""
    oldest = system.sagemaker.list_models(SortBy="CreationTime", SortOrder="Ascending")["Models"][0]
    model: dict[str, Any] = system.sagemaker.describe_model(ModelName=oldest["ModelName"])
    return model


def _changed_model(system: System, environment: dict[str, str] | None = None, uri: str | None = None) -> str:
    model = _model(system)
    container = model["PrimaryContainer"]
    container = {
        "Image": container["Image"],
        "ModelDataUrl": uri or container["ModelDataUrl"],
        "Environment": {**container.get("Environment", {}), **(environment or {})},
    }
    name = f"model-{next(_numbers)}"
    system.sagemaker.create_model(
        ModelName=name, PrimaryContainer=container, ExecutionRoleArn=model["ExecutionRoleArn"]
    )
    return name


def _absent(system: System) -> str:
    uri = _model(system)["PrimaryContainer"]["ModelDataUrl"]
    return _changed_model(system, uri=uri.replace("model", "absent"))


def _uploaded(system: System, content: bytes) -> str:
    bucket = _model(system)["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").split("/")[0]
    system.stack.aws["s3"].put_object(Bucket=bucket, Key="large.tar.gz", Body=content)
    return _changed_model(system, uri=f"s3://{bucket}/large.tar.gz")


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
