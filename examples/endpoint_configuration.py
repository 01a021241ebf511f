"""A serverless endpoint configuration for a model that SageMaker knows already."""

import pulumi

from components.endpoint_configuration import EndpointConfiguration

configuration = EndpointConfiguration(
    "cats",
    {"model_name": "cats-1", "serverless": {"memory_mb": 3072, "max_concurrency": 5}},
)
pulumi.export("configuration", configuration.config_name)
