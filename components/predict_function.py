"""The Lambda function that takes a request, fetches the image and asks the endpoint."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.service_role import ServiceRole

PROJECT = Path(__file__).parent.parent
HANDLERS = PROJECT / "handlers/predict"

# An HTTP API ends a call after 30 s whatever happens. The function ends a second earlier, so that its own
# answer is the one that arrives. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
TIMEOUT_SECONDS = 29


class PredictFunctionArgs(TypedDict):
    """What a :class:`PredictFunction` is made from."""

    function_name: str

    endpoint_arn: pulumi.Input[str]
    """ARN of the endpoint: the only one that the function may invoke."""

    labels: Sequence[str]
    """Name of each class, in the order of the model's logits."""

    environment: Mapping[str, pulumi.Input[str]]
    """The handler's settings; ``handlers/predict/settings.py`` says what each one means."""


class PredictFunction(pulumi.ComponentResource):
    """The function with its role and its log group."""

    function_name: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]
    """What an API integration calls."""

    def __init__(self, name: str, args: PredictFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:PredictFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Made here and not by Lambda at the first call, which would keep the logs forever.
        log_group = aws.cloudwatch.LogGroup(
            name, name=f"/aws/lambda/{args['function_name']}", retention_in_days=30, opts=child
        )
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
            # Lambda gives CPU in proportion to memory; at 512 MB a TLS handshake does not dominate a call.
            memory_size=512,
            timeout=TIMEOUT_SECONDS,
            role=role.arn,
            environment={"variables": args["environment"]},
            logging_config={"log_format": "JSON", "log_group": log_group.name},
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
