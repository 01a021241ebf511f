"""A container that waits for its model: the first endpoint gets it, if it could not tell the difference."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.sagemaker_stand_in import StandIn, eventually, running_stand_in

COMMAND = shlex.join([sys.executable, "-m", "tests.integration.sagemaker_fake_container"])


@pytest.fixture
def stand_in(tmp_path: Path, s3_endpoint: str) -> Iterator[StandIn]:
    arguments = ("--standby", "--container-command", COMMAND)
    with running_stand_in(tmp_path / "stand-in", s3_endpoint, *arguments) as stand_in:
        yield stand_in


def waiting(stand_in: StandIn) -> list[psutil.Process]:
    """The processes that began before their command did."""
    children = psutil.Process(stand_in.process.pid).children(recursive=True)
    return [child for child in children if child.cmdline()[1:3] == ["-m", "model_server.sagemaker.standby_process"]]


def test_the_first_endpoint_gets_it_and_the_second_one_of_its_own(stand_in: StandIn) -> None:
    [standby] = eventually(lambda: waiting(stand_in))
    stand_in.create_endpoint("first", {"GREETING": "hello"})
    stand_in.create_endpoint("second")
    first, second = stand_in.invoke("first"), stand_in.invoke("second")
    assert first["pid"] == standby.pid == stand_in.container_pid("first")
    assert second["pid"] != standby.pid
    # Nothing of the time before is left over.
    different = {name for name in first["environment"] if first["environment"][name] != second["environment"].get(name)}
    assert different == {"GREETING", "SAGEMAKER_BIND_TO_PORT", "SM_MODEL_DIR"}
    assert first["files"] == {"name.txt": "first"}

    standby.kill()
    assert eventually(lambda: stand_in.container_pid("first") not in (None, first["pid"]))


def test_its_output_is_the_endpoints_log(stand_in: StandIn) -> None:
    assert stand_in.create_endpoint("broken", {"FAKE_START": "exit"})["EndpointStatus"] == "Failed"
    assert "weights do not fit the architecture" in stand_in.log("broken")


def test_it_is_not_for_a_model_whose_variables_come_too_late(stand_in: StandIn) -> None:
    [standby] = eventually(lambda: waiting(stand_in))
    stand_in.create_endpoint("threads", {"OMP_NUM_THREADS": "2"})
    seen = stand_in.invoke("threads")
    assert seen["environment"]["OMP_NUM_THREADS"] == "2"
    assert seen["pid"] != standby.pid
    stand_in.process.terminate()
    stand_in.process.wait()
    assert eventually(lambda: not standby.is_running())


def test_one_that_has_died_while_waiting_is_not_missed(stand_in: StandIn) -> None:
    [standby] = eventually(lambda: waiting(stand_in))
    standby.kill()
    eventually(lambda: standby.status() == psutil.STATUS_ZOMBIE)
    assert stand_in.create_endpoint("late")["EndpointStatus"] == "InService"
