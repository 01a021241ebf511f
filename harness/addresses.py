"""Where the emulators answer."""

import re
from dataclasses import dataclass

AWS_PORT = 4566
SAGEMAKER_PORT = 4567


@dataclass(frozen=True)
class Addresses:
    """The ports of the two emulators on this machine's loopback interface."""

    aws_port: int = AWS_PORT
    sagemaker_port: int = SAGEMAKER_PORT

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def sagemaker_url(self) -> str:
        return f"http://127.0.0.1:{self.sagemaker_port}"

    def relocate(self, url: str) -> str:
        """Put these ports in place of the default ones, as they stand in ``Pulumi.local.yaml``."""
        ports = {str(AWS_PORT): self.aws_port, str(SAGEMAKER_PORT): self.sagemaker_port}
        return re.sub(r":(\d+)\b", lambda port: f":{ports.get(port[1], port[1])}", url)
