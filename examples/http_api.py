"""An HTTP API, for the pages of one origin, in front of a function that exists already."""

import pulumi
import pulumi_aws as aws

from components.http_api import HttpApi

function = aws.lambda_.Function.get("predict", "cats-predict")
api = HttpApi(
    "api",
    {
        "api_name": "cats-api",
        "route_key": "POST /predict",
        "function_name": function.name,
        "invoke_arn": function.invoke_arn,
        "allowed_origins": ["https://www.example.com"],
        "throttle": {"rate": 10, "burst": 20},
    },
)
pulumi.export("url", api.url)
