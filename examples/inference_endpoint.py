"""A serverless endpoint for a model that is in S3 already, in AWS's PyTorch container."""

import pulumi

from components.inference_endpoint import InferenceEndpoint

endpoint = InferenceEndpoint(
    "endpoint",
    {
        "endpoint_name": "cats-endpoint",
        "model_url": "s3://example-models/cats/model.tar.gz",
        "model_arn": "arn:aws:s3:::example-models/cats/*",
        "image_tag": "2.6.0-cpu-py312-ubuntu22.04-sagemaker",
        "serverless": {"memory_mb": 3072, "max_concurrency": 5},
    },
)
pulumi.export("endpoint", endpoint.arn)
