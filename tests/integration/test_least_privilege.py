"""Every permission is needed, and nothing works without it: shown with IAM enforced, by taking each one away.

The statements are read from the deployed stack, so one that somebody adds is shown to be needed as well, or this
fails. The stack has every option that adds a statement. Where MiniStack itself does not enforce what AWS does,
``harness/aws_emulator/`` makes it, and the stand-in for SageMaker asks IAM about what it does not do itself: it records
no requests and encrypts no volume, but starts an endpoint that should only with a role that may.

Nothing here can decide what is about keys of KMS alone: their own policies, which AWS asks beside the role's, and the
data keys that S3 would need if the artifacts or the records were encrypted with one (no option of the stack does that).
"""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypedDict

import boto3
import pulumi
import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

from harness import loopback
from harness.addresses import REGION
from harness.project import PROJECT
from harness.resources import zip_archive
from tests.embedded_stack import WITHOUT_MODEL, EmbeddedStack, harness, start_stack
from tests.project_copy import copy_of_project
from tests.unit.program import OPTIONS

Document = dict[str, Any]


class Keys(TypedDict):
    """An access key and its secret."""

    key: str
    secret: str


OPTIONS_WITH_STATEMENTS = ("recording", "key")
VERSION = "2012-10-17"
LAMBDA_TRUST = {
    "Version": VERSION,
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}


@pytest.fixture(scope="module")
def enforced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """The local stack, and what the options do that add statements. Whom nobody lets in needs no model."""
    project = copy_of_project(tmp_path_factory.mktemp("project") / "project")
    settings = yaml.safe_load((project / "Pulumi.local.yaml").read_text())["config"]
    for option in OPTIONS_WITH_STATEMENTS:
        settings |= {f"object-counting:{key}": value for key, value in OPTIONS[option].items()}
    (project / "Pulumi.enforced.yaml").write_text(yaml.safe_dump({"config": settings}))
    running = start_stack(
        tmp_path_factory.mktemp("enforced"),
        *("--stack=enforced", "--enforce-iam"),
        project=project,
        environment=WITHOUT_MODEL,
    )
    yield running
    harness("down", directory=running.directory)


# --- What works ------------------------------------------------------------------------------------------


class Refused(Exception):
    """Something that works with the policies as written does not; the message holds the reason."""


def page_is_served(stack: EmbeddedStack) -> None:
    response = loopback.request("GET", f"{stack.outputs['pageUrl']}/index.html")
    if response.status != 200:
        raise Refused(f"{response.status} {response.data.decode()}")


def image_is_classified_by_url(stack: EmbeddedStack) -> None:
    body = json.dumps({"url": f"{stack.outputs['pageUrl']}/samples/2.jpg"}).encode()
    ask(stack, body, "application/json")


def image_is_classified_and_logged(stack: EmbeddedStack) -> None:
    request_id = ask(stack, (PROJECT / "site/samples/2.jpg").read_bytes(), "image/jpeg")
    if request_id not in function_log(stack):
        raise Refused("the line of the call is not in the log group")


def ask(stack: EmbeddedStack, body: bytes, media_type: str) -> str:
    """The request id of an answer."""
    headers = {"Content-Type": media_type, "Accept": "application/json"}
    response = loopback.request("POST", stack.outputs["predictUrl"], body, headers)
    answer = response.json()
    if response.status != 200:
        lines = [line for line in function_log(stack).splitlines() if answer.get("requestId", "no call") in line]
        raise Refused(f"{response.status} {answer} {lines}")
    assert answer["label"] == "2"
    return str(answer["requestId"])


def function_can_be_configured(stack: EmbeddedStack) -> None:
    """Lambda looks at the role whenever the configuration changes; here it changes to what it is."""
    name, client = stack.outputs["functionName"], stack.aws["lambda"]
    tracing = client.get_function_configuration(FunctionName=name)["TracingConfig"]["Mode"]
    with refused_by_client_error():
        client.update_function_configuration(FunctionName=name, TracingConfig={"Mode": tracing})


def endpoint_rolls_out(stack: EmbeddedStack) -> None:
    """The same model and configuration again: a new container, as for a new endpoint, behind the same name."""
    name, client = stack.outputs["endpointName"], stack.aws["sagemaker"]
    configuration = client.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    client.update_endpoint(EndpointName=name, EndpointConfigName=configuration, RetainDeploymentConfig=True)
    while (described := client.describe_endpoint(EndpointName=name))["EndpointStatus"] == "Updating":
        time.sleep(0.05)
    if reason := described.get("FailureReason"):
        raise Refused(reason)


def alarm_is_told(stack: EmbeddedStack) -> None:
    """Somebody who has subscribed to the topic hears of an alarm that goes off."""
    sqs, sns, cloudwatch = stack.aws["sqs"], stack.aws["sns"], stack.aws["cloudwatch"]
    (topic,) = sns.list_topics()["Topics"]
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    attributes = {"Policy": json.dumps({"Version": VERSION, "Statement": [anybody]})}
    queue = sqs.create_queue(QueueName="subscriber", Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn)
    alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmName"]
    try:
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", ())
    finally:
        sqs.delete_queue(QueueUrl=queue)
    if not any(f'ALARM: \\"{alarm}' in message["Body"] for message in messages):
        raise Refused(f"nothing tells of {alarm}: {messages}")


PROBES = (
    page_is_served,
    image_is_classified_by_url,
    image_is_classified_and_logged,
    function_can_be_configured,
    alarm_is_told,
    endpoint_rolls_out,  # last: it takes seconds when nothing is wrong
)


@contextlib.contextmanager
def refused_by_client_error() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise Refused(str(error)) from error


def function_log(stack: EmbeddedStack) -> str:
    group = f"/aws/lambda/{stack.outputs['functionName']}"
    pages = stack.aws["logs"].get_paginator("filter_log_events").paginate(logGroupName=group)
    return "\n".join(event["message"] for page in pages for event in page["events"])


def emulator_log(stack: EmbeddedStack) -> str:
    """Says what one AWS service was not allowed to do to another."""
    return (stack.directory / "emulator.log").read_text()


# --- The policies of the stack ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Statement:
    """One statement of one policy, or one of its actions, and how to take it away and put it back."""

    policy: str
    content: Document
    """What is taken away."""
    remove: Callable[[], object]
    restore: Callable[[], object]

    def __str__(self) -> str:
        return f"{self.policy}: {json.dumps(self.content)}"

    @property
    def is_deny(self) -> bool:
        return bool(self.content["Effect"] == "Deny")


def statements_of(
    policy: str, document: Document, write: Callable[..., object], parameter: str, delete: Callable[[], object]
) -> Iterator[Statement]:
    """Each statement of a document, and each action where a statement has several.

    The document is rewritten as a whole, as that parameter of ``write``.
    """

    def rewrite(statements: list[Document]) -> Callable[[], object]:
        return partial(write, **{parameter: json.dumps(document | {"Statement": statements})})

    as_it_was = rewrite(document["Statement"])
    for statement in document["Statement"]:
        others = [other for other in document["Statement"] if other is not statement]
        yield Statement(policy, statement, rewrite(others) if others else delete, as_it_was)
        actions = as_list(statement["Action"])
        for action in actions if len(actions) > 1 else ():
            narrowed = statement | {"Action": [other for other in actions if other != action]}
            taken = statement | {"Action": action}
            yield Statement(f"one action of {policy}", taken, rewrite([*others, narrowed]), as_it_was)


def as_list(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def all_statements(stack: EmbeddedStack) -> list[Statement]:
    return [
        *of_roles(stack.aws["iam"]),
        *of_buckets(stack.aws["s3"]),
        *of_functions(stack.aws["lambda"]),
        *of_topics(stack.aws["sns"]),
    ]


def of_roles(iam: Any) -> Iterator[Statement]:
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        write = partial(iam.update_assume_role_policy, RoleName=name)
        distrust = partial(write, PolicyDocument=json.dumps({"Version": VERSION, "Statement": []}))
        document = role["AssumeRolePolicyDocument"]
        yield from statements_of(f"trust of role {name}", document, write, "PolicyDocument", distrust)
        assert not iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"], "take these away as well"
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            names = {"RoleName": name, "PolicyName": policy}
            document = iam.get_role_policy(**names)["PolicyDocument"]
            write, delete = partial(iam.put_role_policy, **names), partial(iam.delete_role_policy, **names)
            yield from statements_of(f"role {name}", document, write, "PolicyDocument", delete)


def of_buckets(s3: Any) -> Iterator[Statement]:
    for bucket, document in bucket_policies(s3).items():
        write = partial(s3.put_bucket_policy, Bucket=bucket)
        delete = partial(s3.delete_bucket_policy, Bucket=bucket)
        yield from statements_of(f"bucket {bucket}", document, write, "Policy", delete)


def bucket_policies(s3: Any) -> dict[str, Document]:
    found = {}
    for bucket in s3.list_buckets()["Buckets"]:
        with contextlib.suppress(s3.exceptions.from_code("NoSuchBucketPolicy")):
            found[bucket["Name"]] = json.loads(s3.get_bucket_policy(Bucket=bucket["Name"])["Policy"])
    return found


def of_functions(client: Any) -> Iterator[Statement]:
    for function in client.list_functions()["Functions"]:
        name = function["FunctionName"]
        for statement in json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]:
            names = {"FunctionName": name, "StatementId": statement["Sid"]}
            permission = {
                "Action": statement["Action"],
                "Principal": statement["Principal"]["Service"],
                "SourceArn": statement["Condition"]["ArnLike"]["AWS:SourceArn"],
            }
            yield Statement(
                f"function {name}",
                statement,
                partial(client.remove_permission, **names),
                partial(client.add_permission, **names, **permission),
            )


def of_topics(sns: Any) -> Iterator[Statement]:
    for topic in sns.list_topics()["Topics"]:
        arn = topic["TopicArn"]
        document = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
        write = partial(sns.set_topic_attributes, TopicArn=arn, AttributeName="Policy")
        empty = partial(write, AttributeValue=json.dumps({"Version": VERSION, "Statement": []}))
        yield from statements_of(f"topic {arn}", document, write, "AttributeValue", empty)


# --- The tests -------------------------------------------------------------------------------------------


def test_chain_works_with_the_roles_as_written(enforced: EmbeddedStack) -> None:
    for probe in PROBES:
        probe(enforced)


def test_no_policy_of_a_resource_lets_everybody_in(enforced: EmbeddedStack) -> None:
    for statement in all_statements(enforced):
        content = statement.content
        if "role" not in statement.policy and not statement.is_deny:
            assert list(content["Principal"]) == ["Service"]
            assert "*" not in (content["Action"], content["Resource"])
            assert re.search("AWS:Source(Arn|Account)", str(content["Condition"]))


def test_nothing_works_without_any_one_statement(enforced: EmbeddedStack, subtests: pytest.Subtests) -> None:
    statements = [statement for statement in all_statements(enforced) if not statement.is_deny]
    kinds = {statement.policy.split(" ")[0] for statement in statements}
    assert kinds >= {"trust", "role", "bucket", "function", "topic"}
    actions = {action for statement in statements for action in as_list(statement.content["Action"])}
    assert actions >= {"s3:PutObject", "kms:CreateGrant", "cloudwatch:DescribeAlarms"}  # what options add
    for statement in statements:
        with subtests.test(str(statement)):
            statement.remove()
            try:
                broken, reason = first_refusal(enforced)
            finally:
                statement.restore()
            assert re.search("AccessDenied|assume|does not have permissions", reason), reason
            broken(enforced)


def first_refusal(stack: EmbeddedStack) -> tuple[Callable[[EmbeddedStack], None], str]:
    known = len(emulator_log(stack))
    for probe in PROBES:
        try:
            probe(stack)
        except Refused as refused:
            return probe, f"{refused} {emulator_log(stack)[known:]}"
    pytest.fail("everything works without it, so it is not needed")


def test_policies_that_demand_tls_shut_out_nobody_but_plain_http(enforced: EmbeddedStack) -> None:
    s3, before = enforced.aws["s3"], bucket_policies(enforced.aws["s3"])
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    try:
        for bucket in buckets:
            statements = before.get(bucket, {"Statement": []})["Statement"]
            if not any(statement["Effect"] == "Deny" for statement in statements):
                document = {"Version": VERSION, "Statement": [*statements, tls_only(bucket)]}
                s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
        for probe in PROBES:
            probe(enforced)
        denials = [statement for statement in of_buckets(s3) if statement.is_deny]
        assert [denial.policy for denial in denials] == [f"bucket {bucket}" for bucket in buckets]
        for bucket, denial in zip(buckets, denials, strict=True):
            assert "with an explicit deny" in get_over_plain_http(enforced, bucket)
            denial.remove()
            assert "with an explicit deny" not in get_over_plain_http(enforced, bucket)
    finally:
        for bucket in buckets:
            s3.delete_bucket_policy(Bucket=bucket)
        for bucket, document in before.items():
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


def tls_only(bucket: str) -> Document:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def get_over_plain_http(stack: EmbeddedStack, bucket: str) -> str:
    """Why the endpoint's role cannot read an object in a request that says that it came without TLS."""
    (role,) = [role for role in stack.aws["iam"].list_roles()["Roles"] if "sagemaker" in str(role)]
    got = stack.aws["sts"].assume_role(RoleArn=role["Arn"], RoleSessionName="plain")["Credentials"]
    s3 = client("s3", stack.addresses.aws_url, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    s3.meta.events.register(
        "before-sign.s3", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "http")
    )
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=bucket, Key="models/any")
    return str(refused.value)


def test_tracing_needs_a_role_that_may_send_traces(enforced: EmbeddedStack) -> None:
    """Nothing sends traces here; but Lambda refuses active tracing with a role that may not."""
    iam, aws_lambda = enforced.aws["iam"], enforced.aws["lambda"]
    role = iam.create_role(RoleName="traced", AssumeRolePolicyDocument=json.dumps(LAMBDA_TRUST))["Role"]["Arn"]

    def create() -> None:
        aws_lambda.create_function(
            FunctionName="traced",
            Role=role,
            Runtime="python3.13",
            Handler="app.handler",
            Code={"ZipFile": zip_archive(pulumi.AssetArchive({"app.py": pulumi.StringAsset("")}))},
            TracingConfig={"Mode": "Active"},
        )

    def allow(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": VERSION, "Statement": [statement]})
        iam.put_role_policy(RoleName="traced", PolicyName="traces", PolicyDocument=document)

    try:
        lacking = "The provided execution role does not have permissions to call {} on XRAY"
        with pytest.raises(ClientError, match=lacking.format("PutTraceSegments")):
            create()
        allow("xray:PutTraceSegments")
        with pytest.raises(ClientError, match=lacking.format("PutTelemetryRecords")):
            create()
        allow("xray:PutTraceSegments", "xray:PutTelemetryRecords")
        create()
        aws_lambda.delete_function(FunctionName="traced")
    finally:
        with contextlib.suppress(ClientError):
            iam.delete_role_policy(RoleName="traced", PolicyName="traces")
        iam.delete_role(RoleName="traced")


# --- Who calls the stand-in for SageMaker ----------------------------------------------------------------


@pytest.fixture
def stranger(enforced: EmbeddedStack) -> Iterator[Keys]:
    """Credentials of a user who has no permissions."""
    iam = enforced.aws["iam"]
    iam.create_user(UserName="stranger")
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    yield {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    iam.delete_access_key(UserName="stranger", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="stranger")


def invoke(stack: EmbeddedStack, key: str, secret: str, sign_length: bool = False) -> int:
    runtime = client("sagemaker-runtime", stack.addresses.sagemaker_url, key, secret)
    image = (PROJECT / "site/samples/2.jpg").read_bytes()
    if sign_length:
        runtime.meta.events.register(
            "before-sign.sagemaker-runtime",
            lambda request, **_: request.headers.add_header("Content-Length", str(len(image))),
        )
    answer = runtime.invoke_endpoint(EndpointName=stack.outputs["endpointName"], ContentType="image/jpeg", Body=image)
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def test_a_caller_needs_the_permission_to_invoke_this_endpoint(enforced: EmbeddedStack, stranger: Keys) -> None:
    iam = enforced.aws["iam"]
    arn = f"arn:aws:sagemaker:{REGION}:000000000000:endpoint/{enforced.outputs['endpointName']}"
    with pytest.raises(ClientError) as refused:
        invoke(enforced, **stranger)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert refused.value.response["Error"]["Message"] == (
        "User: arn:aws:iam::000000000000:user/stranger is not authorized to perform: sagemaker:InvokeEndpoint on "
        f"resource: {arn} because no identity-based policy allows the sagemaker:InvokeEndpoint action"
    )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403

    def put(*statements: tuple[str, str]) -> None:
        document = {
            "Version": VERSION,
            "Statement": [
                {"Effect": effect, "Action": "sagemaker:InvokeEndpoint", "Resource": resource}
                for effect, resource in statements
            ],
        }
        iam.put_user_policy(UserName="stranger", PolicyName="invoke", PolicyDocument=json.dumps(document))

    try:
        put(("Allow", f"{arn}-2"))
        with pytest.raises(ClientError, match="no identity-based policy"):
            invoke(enforced, **stranger)
        put(("Allow", arn))
        assert invoke(enforced, **stranger) == 200
        assert invoke(enforced, **stranger, sign_length=True) == 200  # as SDKs for Go do
        put(("Allow", arn), ("Deny", "*"))
        with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
            invoke(enforced, **stranger)
    finally:
        iam.delete_user_policy(UserName="stranger", PolicyName="invoke")


def test_a_signature_is_verified(enforced: EmbeddedStack, stranger: Keys) -> None:
    with pytest.raises(ClientError) as refused:
        invoke(enforced, stranger["key"], "another secret")
    assert refused.value.response["Error"]["Code"] == "InvalidSignatureException"
    with pytest.raises(ClientError) as refused:
        invoke(enforced, "AKIANOBODYHASTHISKEY", "secret")
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_only_root_calls_the_control_plane(enforced: EmbeddedStack, stranger: Keys) -> None:
    control_plane = client("sagemaker", enforced.addresses.sagemaker_url, **stranger)
    with pytest.raises(ClientError) as refused:
        control_plane.delete_endpoint(EndpointName=enforced.outputs["endpointName"])
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def client(service: str, url: str, key: str, secret: str, token: str | None = None) -> Any:
    session: Any = boto3.session.Session(key, secret, token, REGION)
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return session.client(service, endpoint_url=url, config=config)
