"""What callers see while the model is missing, and that it heals. tests/faults does the same to an embedded stack."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

from tests.compose.calls import SAMPLE, post, problem, wait_for_an_answer
from tests.compose_stack import ComposeStack, docker
from tests.outage import containers_stopped


def test_container_killed_in_the_middle_of_a_request(breakable: ComposeStack) -> None:
    breakable.signal_containers(signal.SIGSTOP)  # so that the request is certainly in the middle
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(problem, breakable)
        time.sleep(1)  # until it is there; a stopped container lets it wait much longer
        breakable.signal_containers(signal.SIGKILL)
        assert asking.result() == 503
    wait_for_an_answer(breakable)


def test_endpoint_deleted_under_a_running_function(breakable: ComposeStack) -> None:
    sagemaker, name = breakable.aws["sagemaker"], breakable.outputs["endpointName"]
    configuration = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    sagemaker.delete_endpoint(EndpointName=name)
    assert problem(breakable) == 503
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    assert problem(breakable) == 503
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=configuration)
    wait_for_an_answer(breakable)


def test_a_crowd_with_large_images_fits_into_the_memory(breakable: ComposeStack) -> None:
    """The engine kills a container that needs more than its limit, and with `aws` all that was deployed would go."""
    image = SAMPLE + bytes(3_900_000)  # whatever follows a JPEG's end belongs to no image
    state = "--format={{.State.OOMKilled}} {{.RestartCount}} {{.State.Pid}}"
    before = [docker("inspect", state, breakable.project.container(service)) for service in ("aws", "sagemaker")]
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: post(breakable, image).status, range(256)))
    assert 200 in answers
    assert set(answers) <= {200, 429, 503}
    after = [docker("inspect", state, breakable.project.container(service)) for service in ("aws", "sagemaker")]
    assert after == before
    assert {line.split()[0] for line in after} == {"false"}
    wait_for_an_answer(breakable)


def test_endpoint_that_does_not_answer_in_time(breakable: ComposeStack) -> None:
    with containers_stopped(breakable):
        # Our own words, and not the gateway's after 30 s, nor those about the function's death after 29 s.
        assert problem(breakable) == 504
    wait_for_an_answer(breakable)


def test_endpoint_update_loses_no_request(breakable: ComposeStack) -> None:
    sagemaker, name = breakable.aws["sagemaker"], breakable.outputs["endpointName"]
    old = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=old)["ProductionVariants"]
    sagemaker.create_endpoint_config(EndpointConfigName="next", ProductionVariants=variants)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="next")
    statuses = [post(breakable).status]
    while sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Updating":
        statuses.append(post(breakable).status)
    assert set(statuses) == {200}
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"] == "next"
    assert post(breakable).status == 200
