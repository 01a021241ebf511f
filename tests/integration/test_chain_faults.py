"""What callers see while a part of the stack is missing, and that it heals by itself."""

import signal
import threading
import time

import urllib3

from harness import loopback
from harness.project import PROJECT
from tests.stack import Stack

SAMPLE = (PROJECT / "site/samples/2.jpg").read_bytes()
ENDPOINT = "object-counting-endpoint"


def post(stack: Stack) -> urllib3.BaseHTTPResponse:
    return loopback.request("POST", stack.outputs["predictUrl"], SAMPLE, {"Content-Type": "image/jpeg"})


def assert_asks_to_come_back(response: urllib3.BaseHTTPResponse) -> None:
    assert response.status == 503, response.data
    assert response.headers["Content-Type"] == "application/problem+json"
    assert int(response.headers["Retry-After"]) >= 1
    assert response.json()["status"] == 503


def wait_for_an_answer(stack: Stack, seconds: float = 60) -> None:
    """Until then, every answer asks to come back."""
    give_up_at = time.monotonic() + seconds
    while (response := post(stack)).status != 200:
        assert_asks_to_come_back(response)
        assert time.monotonic() < give_up_at
        time.sleep(0.2)
    assert response.data == b"Most likely answer: there is 2 object(s) in the bin"


def test_container_killed_in_the_middle_of_a_request(fragile: Stack) -> None:
    answers: list[urllib3.BaseHTTPResponse] = []
    fragile.signal_containers(signal.SIGSTOP)  # so that the request is certainly in the middle
    asking = threading.Thread(target=lambda: answers.append(post(fragile)))
    asking.start()
    time.sleep(1)  # until it is there; a stopped container lets it wait much longer
    fragile.signal_containers(signal.SIGKILL)
    asking.join()
    assert_asks_to_come_back(answers[0])
    wait_for_an_answer(fragile)


def test_endpoint_deleted_under_a_running_function(fragile: Stack) -> None:
    sagemaker = fragile.aws["sagemaker"]
    configuration = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"]
    sagemaker.delete_endpoint(EndpointName=ENDPOINT)
    assert_asks_to_come_back(post(fragile))
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=ENDPOINT, WaiterConfig={"Delay": 1})
    assert_asks_to_come_back(post(fragile))
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=configuration)
    wait_for_an_answer(fragile)


def test_endpoint_that_does_not_answer_in_time(fragile: Stack) -> None:
    fragile.signal_containers(signal.SIGSTOP)
    try:
        response = post(fragile)
        # Our own words, and not the gateway's after 30 s, nor those about the function's death after 29 s.
        assert (response.status, response.json()["status"]) == (504, 504)
    finally:
        fragile.signal_containers(signal.SIGCONT)
    wait_for_an_answer(fragile)


def test_endpoint_update_loses_no_request(fragile: Stack) -> None:
    sagemaker = fragile.aws["sagemaker"]
    old = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=old)["ProductionVariants"]
    sagemaker.create_endpoint_config(EndpointConfigName="next", ProductionVariants=variants)
    sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="next")
    statuses = [post(fragile).status]
    while sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "Updating":
        statuses.append(post(fragile).status)
    assert set(statuses) == {200}
    assert sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"] == "next"
    assert post(fragile).status == 200
