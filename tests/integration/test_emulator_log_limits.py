"""The emulator's logs, which it keeps in memory, end somewhere."""

import subprocess
import sys

from harness.project import PROJECT

# In a process of its own, because it wraps functions of MiniStack for good.
LOG_MUCH = """
from ministack.core.responses import request_scope
from ministack.services import cloudwatch_logs, lambda_svc
from harness.aws_emulator import log_limits

log_limits.MAX_CALLS, log_limits.MAX_EVENTS = 5, 7
log_limits.forget_old_logs()
with request_scope("000000000000", "us-east-1"):
    function = {"config": {"FunctionName": "f", "LoggingConfig": {"LogGroup": "calls"}}}
    for call in range(20):
        lambda_svc._emit_lambda_logs(function, str(call), f"line of call {call}", 1, False)
    cloudwatch_logs._create_log_group({"logGroupName": "requests"})
    cloudwatch_logs._create_log_stream({"logGroupName": "requests", "logStreamName": "s"})
    for number in range(20):
        event = {"timestamp": number, "message": f"request {number}"}
        cloudwatch_logs._put_log_events({"logGroupName": "requests", "logStreamName": "s", "logEvents": [event]})
    calls = cloudwatch_logs._log_groups["calls"]["streams"].values()
    print([event["message"] for stream in calls for event in stream["events"] if "line of" in event["message"]])
    print([event["message"] for event in cloudwatch_logs._log_groups["requests"]["streams"]["s"]["events"]])
    print(len(cloudwatch_logs._log_records))
"""


def test_old_calls_and_events_are_forgotten() -> None:
    done = subprocess.run([sys.executable, "-c", LOG_MUCH], cwd=PROJECT, capture_output=True, text=True, check=True)
    calls, requests, records = done.stdout.splitlines()
    assert calls == str([f"line of call {number}" for number in range(15, 20)])
    assert requests == str([f"request {number}" for number in range(13, 20)])
    assert int(records) == 7
