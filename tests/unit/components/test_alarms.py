"""Alarms: what wakes somebody up, what it tells them, and whom."""

import json
from typing import Any

from components.alarm_topic import AlarmTopic
from components.endpoint_alarms import EndpointAlarms
from components.request_alarms import RequestAlarms
from tests.unit.recording import ACCOUNT, Resources, record

TOPIC = "arn:of:topic"


def on_endpoint(has_instances: bool = True) -> Resources:
    return record(
        lambda: EndpointAlarms(
            "alarms",
            {
                "endpoint_name": "e",
                "has_instances": has_instances,
                "slowest_answer_seconds": 2.5,
                "actions": [TOPIC],
            },
        )
    )


def on_requests() -> Resources:
    return record(
        lambda: RequestAlarms(
            "alarms",
            {
                "prefix": "counting",
                "api_id": "api-id",
                "function_name": "f",
                "highest_error_percentage": 1,
                "slowest_answer_seconds": 2.5,
                "actions": [TOPIC],
            },
        )
    )


def alarms(resources: Resources) -> dict[str, dict[str, Any]]:
    return {alarm["name"]: alarm for alarm in resources.of_type(":MetricAlarm")}


def test_there_is_one_for_everything_that_callers_notice() -> None:
    assert set(alarms(on_requests())) == {
        "counting-api-errors",
        "counting-api-latency",
        "counting-function-errors",
        "counting-function-throttles",
    }
    assert set(alarms(on_endpoint())) == {"e-errors", "e-latency", "e-no-instance"}


def test_a_serverless_endpoint_has_no_instances_to_miss() -> None:
    assert set(alarms(on_endpoint(has_instances=False))) == {"e-errors", "e-latency"}


def test_each_says_what_to_do_and_tells_the_topic_also_when_it_is_over() -> None:
    for alarm in (alarms(on_requests()) | alarms(on_endpoint())).values():
        assert len(alarm["alarmDescription"]) > 80
        assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]


def test_errors_of_the_api_are_a_share_of_its_calls() -> None:
    queries = alarms(on_requests())["counting-api-errors"]["metricQueries"]
    assert queries[0]["expression"] == "100 * errors / calls"
    assert [query["metric"]["metricName"] for query in queries[1:]] == ["5xx", "Count"]


def test_seconds_become_the_units_of_the_metrics() -> None:
    assert alarms(on_requests())["counting-api-latency"]["threshold"] == 2_500
    assert alarms(on_endpoint())["e-latency"]["threshold"] == 2_500_000


def test_silence_of_the_instances_is_an_alarm_and_silence_of_callers_is_none() -> None:
    assert alarms(on_endpoint())["e-no-instance"]["treatMissingData"] == "breaching"
    others = alarms(on_requests()) | alarms(on_endpoint())
    del others["e-no-instance"]
    assert {alarm["treatMissingData"] for alarm in others.values()} == {"notBreaching"}


def test_only_alarms_of_this_account_may_publish() -> None:
    topic = record(lambda: AlarmTopic("alarms", {}))
    (statement,) = json.loads(topic.one(":TopicPolicy")["policy"])["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}
    assert topic.of_type(":TopicSubscription") == []


def test_mail_goes_to_the_address_that_is_given() -> None:
    subscription = record(lambda: AlarmTopic("alarms", {"email": "ops@example.com"})).one(":TopicSubscription")
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "ops@example.com")
