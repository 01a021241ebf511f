"""The Lambda function that takes a request, fetches the image and asks the endpoint."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.service_role import ServiceRole, Statement

PROJECT = Path(__file__).parent.parent
HANDLERS = PROJECT / "handlers/predict"

# An HTTP API ends a call after 30 s whatever happens. The function ends a second earlier, so that its own
# answer is the one that arrives. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
LONGEST_TIMEOUT_SECONDS = 29


# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
SEND_TRACES: Statement = {
    "actions": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    "resources": ["*"],
    "reason": "the actions know no resource",
}


class PredictFunctionArgs(TypedDict):
    """What a :class:`PredictFunction` is made from."""

    function_name: str
    """Name of the function."""

    endpoint_arn: pulumi.Input[str]
    """ARN of the endpoint: the only one that the function may invoke."""

    labels: Sequence[str]
    """Name of each class, in the order of the model's logits."""

    environment: Mapping[str, pulumi.Input[str]]
    """The handler's settings; ``handlers/predict/settings.py`` says what each one means."""

    memory_mb: NotRequired[int]
    """Memory, in proportion to which Lambda gives CPU; 512 unless said otherwise, so that a TLS handshake does not
    dominate a call."""

    timeout_seconds: NotRequired[int]
    """Longest duration of a call; 29 unless said otherwise, because an HTTP API waits for 30 s."""

    reserved_concurrency: NotRequired[int | None]
    """Most calls at a time, which is also kept free for this function; without it, what the account has left."""

    log_retention_days: NotRequired[int]
    """Days for which the logs are kept; 30 unless said otherwise."""

    keep_data: NotRequired[bool]
    """Whether the logs stay when the function is destroyed."""

    tracing: NotRequired[bool]
    """Whether the function sends traces to X-Ray."""


class PredictFunction(pulumi.ComponentResource):
    """The function with its role and its log group."""

    function_name: pulumi.Output[str]
    """Name of the function."""

    invoke_arn: pulumi.Output[str]
    """What an API integration calls."""

    def __init__(self, name: str, args: PredictFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:PredictFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Made here and not by Lambda at the first call, which would keep the logs forever.
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{args['function_name']}",
            retention_in_days=args.get("log_retention_days", 30),
            skip_destroy=args.get("keep_data", False),
            opts=child,
        )
        tracing = args.get("tracing", False)
        role = ServiceRole(
            name,
            {
                "service": "lambda.amazonaws.com",
                "statements": [
                    {"actions": ["sagemaker:InvokeEndpoint"], "resources": [args["endpoint_arn"]]},
                    {
                        "actions": ["logs:CreateLogStream", "logs:PutLogEvents"],
                        "resources": [pulumi.Output.format("{0}:*", log_group.arn)],
                    },
                    *([SEND_TRACES] if tracing else []),
                ],
            },
            opts=child,
        )
        function = aws.lambda_.Function(
            name,
            name=args["function_name"],
            code=deployment_package(args["labels"]),
            handler="handlers.predict.app.handler",
            runtime="python3.13",
            architectures=["arm64"],
            memory_size=args.get("memory_mb", 512),
            timeout=args.get("timeout_seconds", LONGEST_TIMEOUT_SECONDS),
            reserved_concurrent_executions=args.get("reserved_concurrency"),
            role=role.arn,
            environment={"variables": args["environment"]},
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            tracing_config={"mode": "Active" if tracing else "PassThrough"},
            opts=child,
        )
        self.function_name = function.name
        self.invoke_arn = function.invoke_arn
        self.register_outputs({"functionName": self.function_name, "invokeArn": self.invoke_arn})


def deployment_package(labels: Sequence[str]) -> pulumi.AssetArchive:
    """The handler's Python files, under the same path as in the project, the labels beside them, and nothing else."""
    folder = HANDLERS.relative_to(PROJECT).as_posix()
    files: dict[str, pulumi.Asset | pulumi.Archive] = {
        f"{folder}/{file.name}": pulumi.FileAsset(str(file)) for file in sorted(HANDLERS.glob("*.py"))
    }
    return pulumi.AssetArchive(files | {f"{folder}/labels.json": pulumi.StringAsset(json.dumps(list(labels)))})
