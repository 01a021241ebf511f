"""An endpoint's life with real container processes: creation, failure, update, death, restart, deletion."""

import contextlib
import functools
import io
import os
import signal
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.integration.sagemaker_stand_in import ARN, StandIn, eventually, production_variant, running_stand_in

WAIT = {"Delay": 1, "MaxAttempts": 60}


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[StandIn]:
    with running_stand_in(tmp_path_factory.mktemp("stand-in"), s3_endpoint) as stand_in:
        yield stand_in


def message(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    return str(refused.value.response["Error"]["Message"])


def is_running(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_creating_serving_deleting(stand_in: StandIn, tmp_path: Path) -> None:
    sagemaker = stand_in.sagemaker
    uri = stand_in.upload("life.tar.gz", {"name.txt": "life"})
    ready = tmp_path / "ready"
    stand_in.configure("life", uri, {"FAKE_READY": str(ready)})
    sagemaker.create_endpoint(EndpointName="life", EndpointConfigName="life", Tags=[{"Key": "k", "Value": "v"}])

    creating = sagemaker.describe_endpoint(EndpointName="life")
    assert creating["EndpointStatus"] == "Creating"
    assert creating["PendingDeploymentSummary"]["EndpointConfigName"] == "life"
    assert "ProductionVariants" not in creating
    with pytest.raises(ClientError, match="Endpoint life of account 000000000000 not found"):
        stand_in.invoke("life")
    in_progress = f'Cannot update in-progress endpoint "{ARN}:endpoint/life".'
    assert message(sagemaker.delete_endpoint, EndpointName="life") == in_progress
    assert message(sagemaker.update_endpoint, EndpointName="life", EndpointConfigName="life") == in_progress
    assert message(sagemaker.create_endpoint, EndpointName="life", EndpointConfigName="life") == (
        f'Cannot create already existing endpoint "{ARN}:endpoint/life".'
    )

    ready.touch()
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="life", WaiterConfig=WAIT)
    serving = sagemaker.describe_endpoint(EndpointName="life")
    assert serving["EndpointArn"] == f"{ARN}:endpoint/life"
    assert serving["EndpointConfigName"] == "life"
    variant = serving["ProductionVariants"][0]
    assert (variant["VariantName"], variant["CurrentInstanceCount"]) == ("AllTraffic", 1)
    assert serving["LastModifiedTime"] > serving["CreationTime"]
    assert sagemaker.list_tags(ResourceArn=serving["EndpointArn"])["Tags"] == [{"Key": "k", "Value": "v"}]
    seen = stand_in.invoke("life")

    # What an endpoint was made from may go; it has its own copy.
    sagemaker.delete_model(ModelName="life")
    sagemaker.delete_endpoint_config(EndpointConfigName="life")
    assert stand_in.invoke("life")["pid"] == seen["pid"] == stand_in.container_pid("life")

    sagemaker.delete_endpoint(EndpointName="life")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="life", WaiterConfig=WAIT)
    assert not is_running(seen["pid"])
    assert not Path(seen["environment"]["SM_MODEL_DIR"]).exists()
    assert (
        message(sagemaker.describe_endpoint, EndpointName="life") == f'Could not find endpoint "{ARN}:endpoint/life".'
    )


def test_a_serverless_endpoint_that_is_being_created_is_not_ready(stand_in: StandIn, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    stand_in.configure(
        "cold", stand_in.upload("cold.tar.gz", {"a": "b"}), {"FAKE_READY": str(ready)}, ServerlessConfig=serverless
    )
    stand_in.sagemaker.create_endpoint(EndpointName="cold", EndpointConfigName="cold")
    with pytest.raises(ClientError) as refused:
        stand_in.invoke("cold")
    response = refused.value.response
    assert response["Error"]["Code"] == "ModelNotReadyException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    ready.touch()
    stand_in.settled("cold")
    assert stand_in.invoke("cold")


def test_lists_show_the_status(stand_in: StandIn) -> None:
    stand_in.create_endpoint("listed-good")
    stand_in.create_endpoint("listed-bad", {"FAKE_START": "exit"})

    def names(**wanted: Any) -> list[str]:
        endpoints = stand_in.sagemaker.list_endpoints(NameContains="listed", **wanted)["Endpoints"]
        return [endpoint["EndpointName"] for endpoint in endpoints]

    assert names(StatusEquals="InService") == ["listed-good"]
    assert names(StatusEquals="Failed") == ["listed-bad"]
    assert names(SortBy="Status", SortOrder="Ascending") == ["listed-bad", "listed-good"]
    assert names(SortBy="CreationTime") == ["listed-bad", "listed-good"]


def test_a_container_that_exits_fails_the_endpoint_and_says_why(stand_in: StandIn) -> None:
    described = stand_in.create_endpoint("exits", {"FAKE_START": "exit"})
    assert described["EndpointStatus"] == "Failed"
    reason = described["FailureReason"]
    assert reason.startswith(
        "The primary container for production variant AllTraffic did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
    assert "exited with status 3" in reason
    assert "RuntimeError: weights do not fit the architecture" in reason
    assert "RuntimeError: weights do not fit the architecture" in stand_in.log("exits")
    with pytest.raises(WaiterError):
        stand_in.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="exits", WaiterConfig=WAIT)
    with pytest.raises(ClientError, match="not found"):
        stand_in.invoke("exits")
    update = stand_in.sagemaker.update_endpoint
    assert "DeleteEndpoint is the only operation" in message(update, EndpointName="exits", EndpointConfigName="exits")
    stand_in.sagemaker.delete_endpoint(EndpointName="exits")
    stand_in.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="exits", WaiterConfig=WAIT)


def test_missing_model_data_fails_the_endpoint(stand_in: StandIn) -> None:
    stand_in.upload("present.tar.gz", {"a": "b"})
    for name, uri in [("no-key", "s3://models/absent.tar.gz"), ("no-bucket", "s3://absent-bucket/m.tar.gz")]:
        stand_in.configure(name, uri)
        stand_in.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        described = stand_in.settled(name)
        assert described["EndpointStatus"] == "Failed"
        assert described["FailureReason"].startswith(f"Could not find model data at {uri}.")


def test_an_unsafe_archive_fails_the_endpoint(stand_in: StandIn) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../../escaped"))
    stand_in.configure("unsafe", stand_in.upload_bytes("unsafe.tar.gz", buffer.getvalue()))
    stand_in.sagemaker.create_endpoint(EndpointName="unsafe", EndpointConfigName="unsafe")
    reason = stand_in.settled("unsafe")["FailureReason"]
    assert 'Failed to extract model data archive for container "container_1"' in reason
    assert "'../../escaped' has '..'" in reason
    assert list((stand_in.directory / "endpoints" / "unsafe").iterdir()) == []


def test_model_data_source_works_as_well(stand_in: StandIn) -> None:
    uri = stand_in.upload("source.tar.gz", {"name.txt": "source"})
    source = {"S3Uri": uri, "S3DataType": "S3Object", "CompressionType": "Gzip"}
    container = {"Image": "i", "ModelDataSource": {"S3DataSource": source}}
    stand_in.sagemaker.create_model(ModelName="source", Containers=[container])
    stand_in.sagemaker.create_endpoint_config(
        EndpointConfigName="source", ProductionVariants=[production_variant("source")]
    )
    stand_in.sagemaker.create_endpoint(EndpointName="source", EndpointConfigName="source")
    assert stand_in.settled("source")["EndpointStatus"] == "InService"
    assert stand_in.invoke("source")["files"] == {"name.txt": "source"}


def test_update_replaces_the_container(stand_in: StandIn) -> None:
    stand_in.create_endpoint("updated", {"VERSION": "1"}, InitialInstanceCount=3)
    old = stand_in.invoke("updated")
    stand_in.configure("updated-2", stand_in.upload("updated-2.tar.gz", {"name.txt": "two"}), {"VERSION": "2"})
    sagemaker = stand_in.sagemaker
    rollback = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}
    sagemaker.update_endpoint(
        EndpointName="updated",
        EndpointConfigName="updated-2",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
        DeploymentConfig=rollback,
    )
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="updated", WaiterConfig=WAIT)
    new = stand_in.invoke("updated")
    assert (old["environment"]["VERSION"], new["environment"]["VERSION"]) == ("1", "2")
    assert new["files"] == {"name.txt": "two"}
    assert not is_running(old["pid"])
    assert not Path(old["environment"]["SM_MODEL_DIR"]).exists()
    described = sagemaker.describe_endpoint(EndpointName="updated")
    assert described["EndpointConfigName"] == "updated-2"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert described["LastDeploymentConfig"] == rollback
    assert "FailureReason" not in described


def test_no_request_fails_while_an_endpoint_is_updated(stand_in: StandIn, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    stand_in.create_endpoint("busy")
    stand_in.configure("busy-2", stand_in.upload("busy-2.tar.gz", {"a": "b"}), {"FAKE_READY": str(ready)})
    done, answered_by, failures = threading.Event(), set(), []

    def client() -> None:
        while not done.is_set():
            try:
                answered_by.add(stand_in.invoke("busy", CustomAttributes="sleep 0.01")["pid"])
            except ClientError as error:
                failures.append(error)

    clients = [threading.Thread(target=client) for _ in range(4)]
    for thread in clients:
        thread.start()
    before = stand_in.container_pid("busy")
    try:
        eventually(lambda: before in answered_by)
        # A request that has begun when the traffic moves must be finished by the old container.
        long = threading.Thread(
            target=lambda: answered_by.add(stand_in.invoke("busy", CustomAttributes="sleep 3")["pid"])
        )
        long.start()
        stand_in.sagemaker.update_endpoint(EndpointName="busy", EndpointConfigName="busy-2")
        ready.touch()
        eventually(lambda: len(answered_by) == 2)
        assert stand_in.settled("busy")["EndpointStatus"] == "InService"
        long.join()
    finally:
        done.set()
        for thread in clients:
            thread.join()
    assert failures == []
    assert answered_by == {before, stand_in.container_pid("busy")}


def test_a_failed_update_leaves_the_old_container_serving(stand_in: StandIn) -> None:
    stand_in.create_endpoint("steady")
    pid = stand_in.container_pid("steady")
    stand_in.configure("steady-bad", stand_in.upload("bad.tar.gz", {"a": "b"}), {"FAKE_START": "exit"})
    sagemaker = stand_in.sagemaker
    missing = f'Could not find endpoint configuration "{ARN}:endpoint-config/nowhere".'
    assert message(sagemaker.update_endpoint, EndpointName="steady", EndpointConfigName="nowhere") == missing
    sagemaker.update_endpoint(EndpointName="steady", EndpointConfigName="steady-bad")
    described = stand_in.settled("steady")
    assert described["EndpointStatus"] == "InService"
    assert "weights do not fit" in described["FailureReason"]
    assert described["EndpointConfigName"] == "steady"
    assert stand_in.invoke("steady")["pid"] == pid


def test_a_killed_container_is_replaced(stand_in: StandIn, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.touch()
    stand_in.create_endpoint("killed", {"FAKE_READY": str(ready)})
    for _ in range(2):
        pid = stand_in.invoke("killed")["pid"]
        ready.unlink()
        os.kill(pid, signal.SIGKILL)
        eventually(functools.partial(lambda old: stand_in.container_pid("killed") != old, pid))
        with pytest.raises(ClientError) as refused:
            stand_in.invoke("killed")
        response = refused.value.response
        assert response["Error"]["Code"] == "ServiceUnavailable"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert stand_in.sagemaker.describe_endpoint(EndpointName="killed")["EndpointStatus"] == "InService"
        ready.touch()
        eventually(lambda: stand_in.container_pid("killed"))
        seen = stand_in.invoke("killed")
        assert seen["pid"] != pid
        assert seen["files"] == {"name.txt": "killed"}


def test_an_endpoint_can_be_deleted_while_its_container_does_not_come_back(stand_in: StandIn) -> None:
    stand_in.create_endpoint("stuck", {"FAKE_START": "once"})
    before = set(_family(stand_in))
    pid = stand_in.container_pid("stuck")
    assert pid
    os.kill(pid, signal.SIGKILL)
    replacement = eventually(lambda: set(_family(stand_in)) - before)
    stand_in.sagemaker.delete_endpoint(EndpointName="stuck")
    stand_in.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="stuck", WaiterConfig=WAIT)
    eventually(lambda: not any(map(is_running, replacement)))


def test_a_container_that_dies_while_answering_is_a_model_error(stand_in: StandIn) -> None:
    stand_in.create_endpoint("dies")
    pid = stand_in.container_pid("dies")
    with pytest.raises(ClientError) as failed:
        stand_in.invoke("dies", CustomAttributes="die")
    response: dict[str, Any] = {**failed.value.response}
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == 500
    assert response["Error"]["Message"].startswith("Received server error (500) from primary")
    eventually(lambda: stand_in.container_pid("dies") not in (pid, None))
    assert stand_in.invoke("dies")


def test_containers_belong_to_the_process_group_of_the_stand_in(stand_in: StandIn) -> None:
    stand_in.create_endpoint("grouped")
    pid = stand_in.container_pid("grouped")
    assert pid
    assert os.getpgid(pid) == os.getpgid(stand_in.process.pid)


def _family(stand_in: StandIn) -> list[int]:
    """The process ids of a stand-in and of everything that it has started."""
    root = psutil.Process(stand_in.process.pid)
    return [root.pid, *(child.pid for child in root.children(recursive=True))]


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_stand_in(tmp_path: Path, s3_endpoint: str, signal_number: signal.Signals) -> None:
    with running_stand_in(tmp_path, s3_endpoint) as stand_in:
        stand_in.create_endpoint("orphan")
        family = _family(stand_in)
        assert stand_in.container_pid("orphan") in family
        stand_in.process.send_signal(signal_number)
        stand_in.process.wait()
        eventually(lambda: not any(map(is_running, family)))


def test_no_container_outlives_the_worker(tmp_path: Path, s3_endpoint: str) -> None:
    """All state is in the worker process: when it is killed, the stand-in ends instead of going on without state."""
    with running_stand_in(tmp_path, s3_endpoint) as stand_in:
        stand_in.create_endpoint("orphan")
        family = _family(stand_in)
        worker = psutil.Process(stand_in.process.pid).children()[0]
        worker.kill()
        eventually(lambda: not any(map(is_running, family)))
        assert stand_in.process.wait() != 0


def test_model_files_of_a_killed_stand_in_are_removed_by_the_next(tmp_path: Path, s3_endpoint: str) -> None:
    with running_stand_in(tmp_path, s3_endpoint) as stand_in:
        stand_in.create_endpoint("left")
        family = _family(stand_in)
        for pid in family:
            os.kill(pid, signal.SIGKILL)
    home = tmp_path / "endpoints" / "left"
    assert len(list(home.iterdir())) == 2
    with running_stand_in(tmp_path, s3_endpoint):
        assert [path.name for path in home.iterdir()] == ["container.log"]


def test_an_unreachable_s3_fails_the_endpoint_and_says_so(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:1"
    with running_stand_in(tmp_path, nowhere) as stand_in:
        stand_in.configure("lost", "s3://models/m.tar.gz")
        stand_in.sagemaker.create_endpoint(EndpointName="lost", EndpointConfigName="lost")
        described = stand_in.settled("lost")
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"].startswith("Failed to download model data")
    assert nowhere in described["FailureReason"]
