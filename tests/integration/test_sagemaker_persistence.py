"""A stand-in that was told to persist comes back as it was, however it ended."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker_stand_in import ARN, StandIn, running_stand_in


@contextmanager
def persistent_stand_in(directory: Path, s3_endpoint: str) -> Iterator[StandIn]:
    with running_stand_in(directory, s3_endpoint, "--persist") as stand_in:
        yield stand_in


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_endpoints_come_back_without_s3(tmp_path: Path, s3_endpoint: str, number: signal.Signals) -> None:
    with persistent_stand_in(tmp_path, s3_endpoint) as stand_in:
        created = stand_in.create_endpoint("stays", {"GREETING": "hello"})
        stand_in.sagemaker.add_tags(ResourceArn=created["EndpointArn"], Tags=[{"Key": "team", "Value": "vision"}])
        answer = stand_in.invoke("stays")
        stand_in.process.send_signal(number)
        stand_in.process.wait()
    with persistent_stand_in(tmp_path, "http://127.0.0.1:1") as again:
        described = again.settled("stays")
        assert described["EndpointStatus"] == "InService", described
        assert described["CreationTime"] == created["CreationTime"]
        assert again.invoke("stays")["files"] == answer["files"] == {"name.txt": "stays"}
        assert again.sagemaker.describe_model(ModelName="stays")["PrimaryContainer"]["Environment"] == {
            "GREETING": "hello"
        }
        assert again.sagemaker.list_tags(ResourceArn=created["EndpointArn"])["Tags"] == [
            {"Key": "team", "Value": "vision"}
        ]


def test_an_updated_endpoint_comes_back_with_its_new_model(tmp_path: Path, s3_endpoint: str) -> None:
    with persistent_stand_in(tmp_path, s3_endpoint) as stand_in:
        stand_in.create_endpoint("rolls")
        stand_in.configure("next", stand_in.upload("next.tar.gz", {"name.txt": "next"}))
        stand_in.sagemaker.update_endpoint(EndpointName="rolls", EndpointConfigName="next")
        stand_in.settled("rolls")
    with persistent_stand_in(tmp_path, s3_endpoint) as again:
        assert again.settled("rolls")["EndpointConfigName"] == "next"
        assert again.invoke("rolls")["files"] == {"name.txt": "next"}
        assert len(list((tmp_path / "endpoints/rolls").glob("model-*"))) == 1


def test_what_was_deleted_stays_deleted(tmp_path: Path, s3_endpoint: str) -> None:
    with persistent_stand_in(tmp_path, s3_endpoint) as stand_in:
        stand_in.create_endpoint("goes")
        stand_in.sagemaker.delete_endpoint(EndpointName="goes")
        stand_in.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="goes", WaiterConfig={"Delay": 1})
        stand_in.sagemaker.delete_endpoint_config(EndpointConfigName="goes")
    with persistent_stand_in(tmp_path, s3_endpoint) as again:
        assert again.sagemaker.list_endpoints()["Endpoints"] == []
        assert again.sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
        assert [model["ModelName"] for model in again.sagemaker.list_models()["Models"]] == ["goes"]
        with pytest.raises(ClientError, match="Could not find resource"):
            again.sagemaker.list_tags(ResourceArn=f"{ARN}:endpoint/goes")


def test_a_failed_endpoint_stays_failed(tmp_path: Path, s3_endpoint: str) -> None:
    with persistent_stand_in(tmp_path, s3_endpoint) as stand_in:
        stand_in.configure("fails", "s3://models/no-such-object.tar.gz")
        stand_in.sagemaker.create_endpoint(EndpointName="fails", EndpointConfigName="fails")
        reason = stand_in.settled("fails")["FailureReason"]
    with persistent_stand_in(tmp_path, s3_endpoint) as again:
        described = again.sagemaker.describe_endpoint(EndpointName="fails")
        assert (described["EndpointStatus"], described["FailureReason"]) == ("Failed", reason)


@pytest.mark.parametrize("text", ["not JSON", "{}", '{"models": [{"unknown": 1}]}'])
def test_a_registry_of_another_version_is_ignored(tmp_path: Path, s3_endpoint: str, text: str) -> None:
    (tmp_path / "registry.json").write_text(text)
    with persistent_stand_in(tmp_path, s3_endpoint) as stand_in:
        assert stand_in.sagemaker.list_models()["Models"] == []
        stand_in.create_endpoint("new")


def test_nothing_is_kept_unless_asked_for(tmp_path: Path, s3_endpoint: str) -> None:
    for _ in range(2):
        with running_stand_in(tmp_path, s3_endpoint) as stand_in:
            assert stand_in.create_endpoint("forgotten")["EndpointStatus"] == "InService"
    assert not (tmp_path / "registry.json").exists()
