"""What an endpoint is to run: an endpoint configuration and its model, as of when that was requested."""

from dataclasses import dataclass
from typing import Any

DEFAULT_STARTUP_TIMEOUT = 480.0
"""Seconds. "Responding with 200s during the 8 minutes after startup", says the developer guide."""

DEFAULT_DOWNLOAD_TIMEOUT = 3600.0
"""Seconds: the most that ModelDataDownloadTimeoutInSeconds allows; SageMaker documents no default."""


@dataclass(frozen=True)
class Deployment:
    """`config` and `model` are the requests that created them; both resources may be deleted meanwhile."""

    config: dict[str, Any]
    model: dict[str, Any]
    region: str
    rollback_alarms: tuple[str, ...] = ()
    """Names of the alarms that SageMaker watches while it rolls this out."""

    @property
    def config_name(self) -> str:
        return str(self.config["EndpointConfigName"])

    @property
    def variant(self) -> dict[str, Any]:
        """The one production variant."""
        variant: dict[str, Any] = self.config["ProductionVariants"][0]
        return variant

    @property
    def variant_name(self) -> str:
        return str(self.variant["VariantName"])

    @property
    def is_serverless(self) -> bool:
        return "ServerlessConfig" in self.variant

    @property
    def container(self) -> dict[str, Any]:
        """The model's one container."""
        container: dict[str, Any] = self.model.get("PrimaryContainer") or self.model["Containers"][0]
        return container

    @property
    def execution_role_arn(self) -> str:
        return str(self.model.get("ExecutionRoleArn", ""))

    @property
    def model_data_uri(self) -> str | None:
        source = self.container.get("ModelDataSource", {}).get("S3DataSource", {})
        uri: str | None = self.container.get("ModelDataUrl") or source.get("S3Uri")
        return uri

    @property
    def capture_destination(self) -> str | None:
        """The `s3://` URL below which requests and answers are recorded, if they are."""
        capture = self.config.get("DataCaptureConfig")
        return capture["DestinationS3Uri"] if capture and capture.get("EnableCapture", True) else None

    @property
    def volume_key(self) -> str | None:
        """The KMS key of the instances' volumes, if they have one of their own."""
        return self.config.get("KmsKeyId")

    @property
    def network_isolation(self) -> bool:
        return bool(self.model.get("EnableNetworkIsolation") or self.config.get("EnableNetworkIsolation"))

    @property
    def startup_timeout(self) -> float:
        return float(self.variant.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_TIMEOUT))

    @property
    def download_timeout(self) -> float:
        return float(self.variant.get("ModelDataDownloadTimeoutInSeconds", DEFAULT_DOWNLOAD_TIMEOUT))
