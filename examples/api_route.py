"""One more route for an HTTP API, in front of a function; both exist already."""

import pulumi_aws as aws

from components.api_route import ApiRoute

api = aws.apigatewayv2.Api.get("cats", "a1b2c3d4")
function = aws.lambda_.Function.get("breeds", "cats-breeds")
ApiRoute(
    "breeds",
    {
        "api_id": api.id,
        "execution_arn": api.execution_arn,
        "route_key": "GET /breeds",
        "function_name": function.name,
        "invoke_arn": function.invoke_arn,
    },
)
