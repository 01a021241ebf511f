"""How the containers are set up, and how they start and stop."""

import json
from typing import Any

import pytest

from harness import loopback
from tests.compose_stack import ComposeStack, compose_project, docker

SERVICES = ("aws", "sagemaker", "deploy")


def inspected(stack: ComposeStack, service: str) -> dict[str, Any]:
    (found,) = json.loads(docker("inspect", stack.project.container(service)))
    return dict(found)


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_can_do_no_more_than_it_must(running: ComposeStack, service: str) -> None:
    container = inspected(running, service)
    host = container["HostConfig"]
    assert container["Config"]["User"] not in ("", "root", "0")
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] is None
    assert host["Privileged"] is False
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert 0 < host["Memory"] <= 2 * 1024**3
    assert host["Init"] is True


@pytest.mark.parametrize("service", SERVICES)
def test_only_loopback_ports_are_published(running: ComposeStack, service: str) -> None:
    bindings = inspected(running, service)["HostConfig"]["PortBindings"] or {}
    assert {binding["HostIp"] for published in bindings.values() for binding in published} <= {"127.0.0.1"}
    assert bool(bindings) == (service != "deploy")


def test_containers_have_a_network_of_their_own(running: ComposeStack) -> None:
    networks = {name for service in SERVICES for name in inspected(running, service)["NetworkSettings"]["Networks"]}
    assert networks == {f"{running.project.name}_default"}


def test_deploy_waits_for_healthy_emulators_deploys_and_ends(running: ComposeStack) -> None:
    deploy = inspected(running, "deploy")["State"]
    assert (deploy["Status"], deploy["ExitCode"]) == ("exited", 0)
    for service in ("aws", "sagemaker"):
        state = inspected(running, service)["State"]
        assert state["Health"]["Status"] == "healthy"
        assert state["StartedAt"] < deploy["StartedAt"]
    assert running.outputs.keys() >= {"pageUrl", "predictUrl", "apiId", "endpointName", "functionName"}


def test_function_reaches_sagemaker_by_the_name_of_its_service(running: ComposeStack) -> None:
    configuration = running.aws["lambda"].get_function_configuration(FunctionName=running.outputs["functionName"])
    assert configuration["Environment"]["Variables"]["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] == "http://sagemaker:4567"
    body = json.dumps({"url": f"{running.outputs['pageUrl']}/samples/5.jpg"}).encode()
    answer = loopback.request("POST", running.outputs["predictUrl"], body, {"Content-Type": "application/json"})
    assert answer.data == b"Most likely answer: there is 5 object(s) in the bin"


def test_endpoint_says_why_it_cannot_fetch_the_pages_images(running: ComposeStack) -> None:
    """The page's name leads nowhere in the model's container; README.md says so."""
    runtime = running.aws["sagemaker-runtime"]
    body = json.dumps({"url": f"{running.outputs['pageUrl']}/samples/1.jpg"}).encode()
    with pytest.raises(runtime.exceptions.ModelError) as refused:
        runtime.invoke_endpoint(EndpointName=running.outputs["endpointName"], ContentType="application/json", Body=body)
    assert refused.value.response["OriginalStatusCode"] == 400
    assert "The image cannot be fetched" in refused.value.response["OriginalMessage"]


def test_down_ends_in_good_order_and_leaves_nothing() -> None:
    with compose_project("down") as project:
        project.build()
        project.compose("up", "--detach", "--wait", "aws", "sagemaker")
        project.compose("stop")
        for service in ("aws", "sagemaker"):
            state = json.loads(docker("inspect", "--format={{json .State}}", project.container(service)))
            assert (state["ExitCode"], state["OOMKilled"]) == (0, False)  # 137: it had to be killed
        project.compose("down", "--volumes")
        ours = f"--filter=label=com.docker.compose.project={project.name}"
        assert docker("ps", "--all", "--quiet", ours) == ""
        assert docker("network", "ls", "--quiet", ours) == ""
        assert docker("volume", "ls", "--quiet", ours) == ""
