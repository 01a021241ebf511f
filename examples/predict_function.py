"""The function for an endpoint that exists already."""

import pulumi

from components.predict_function import PredictFunction

function = PredictFunction(
    "predict",
    {
        "function_name": "cats-predict",
        "endpoint_arn": "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/cats-endpoint",
        "labels": ["cat", "dog"],
        "environment": {
            "ENDPOINT_NAME": "cats-endpoint",
            "MODEL_NAME": "cats-1",
            "ANSWER_TEMPLATE": "This looks like a {label}",
        },
    },
)
pulumi.export("function", function.function_name)
