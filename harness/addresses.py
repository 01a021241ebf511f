"""Where the emulators are."""

import re
from dataclasses import dataclass

REGION = "us-east-1"
AWS_PORT = 4566
SAGEMAKER_PORT = 4567
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """The ports of the two emulators, and their hosts: this machine's loopback interface, unless they run elsewhere."""

    aws_port: int = AWS_PORT
    sagemaker_port: int = SAGEMAKER_PORT
    aws_host: str = LOOPBACK
    sagemaker_host: str = LOOPBACK

    @classmethod
    def of_urls(cls, aws_url: str, sagemaker_url: str) -> "Addresses":
        """The addresses in two URLs such as ``http://aws:4566``.

        :raises ValueError: naming the one that is not of this form.
        """
        (aws_host, aws_port), (sagemaker_host, sagemaker_port) = _host_and_port(aws_url), _host_and_port(sagemaker_url)
        return cls(aws_port, sagemaker_port, aws_host, sagemaker_host)

    @property
    def aws_url(self) -> str:
        return f"http://{self.aws_host}:{self.aws_port}"

    @property
    def sagemaker_url(self) -> str:
        return f"http://{self.sagemaker_host}:{self.sagemaker_port}"

    def relocate(self, url: str) -> str:
        """Put these addresses in place of the default ones, as they stand in ``Pulumi.local.yaml``.

        Names below ``localhost``, such as the page's, keep their meaning for a browser on this machine: of them
        only the port changes.
        """
        places = {
            str(AWS_PORT): (self.aws_host, self.aws_port),
            str(SAGEMAKER_PORT): (self.sagemaker_host, self.sagemaker_port),
        }

        def relocated(match: re.Match[str]) -> str:
            if match["port"] not in places:
                return match[0]
            host, port = places[match["port"]]
            return f"//{host if match['host'] in (LOOPBACK, 'localhost') else match['host']}:{port}"

        return re.sub(r"//(?P<host>[^/:]+):(?P<port>\d+)\b", relocated, url)


def _host_and_port(url: str) -> tuple[str, int]:
    match = re.fullmatch(r"http://(?P<host>[\w.-]+):(?P<port>\d{1,5})/?", url)
    if match is None:
        raise ValueError(f"{url!r} is not a URL such as http://aws:{AWS_PORT}")
    return match["host"], int(match["port"])
