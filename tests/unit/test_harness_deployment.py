"""A program that cannot be deployed says why, whether it, the harness or an emulator finds the fault."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.addresses import Addresses
from harness.clients import Clients
from harness.configuration import Configuration
from harness.creation import DeploymentError
from harness.deployment import Emulated, _run_program

NOBODY_LISTENS = Addresses(1, 2)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import pulumi; raise pulumi.RunError('colour is no colour')", "colour is no colour"),
        ("import pulumi; pulumi.log.error('not like this')", "not like this"),
        (
            "import pulumi_aws as aws; aws.sqs.Queue('jobs')",
            "aws:sqs/queue:Queue 'jobs': the local stack does not know this type. Add it to harness/resources.py.",
        ),
        (
            "import pulumi_aws as aws; aws.sns.Topic('alarms', name='alarms')",
            "aws:sns/topic:Topic 'alarms': sns.CreateTopic failed: Could not connect",
        ),
        (
            "import pulumi_aws as aws; aws.sqs.get_queue_output(name='jobs')",
            "aws:sqs/getQueue:getQueue: the local stack does not know this data source",
        ),
    ],
    ids=["a setting", "an error in its log", "a type", "an emulator", "a data source"],
)
def test_a_program_that_cannot_be_deployed(
    program: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("__main__.py").write_text(program)
    emulated = Emulated(Clients(NOBODY_LISTENS), lambda step, detail="": None)
    # In a thread of its own: Playwright, in whose session these tests may run, keeps a loop running in the main one.
    with ThreadPoolExecutor(max_workers=1) as thread, pytest.raises(DeploymentError, match=re.escape(reason)):
        thread.submit(lambda: asyncio.run(_run_program(Configuration("project", "stack", {}), emulated))).result()
