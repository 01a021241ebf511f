"""The settings of a stack, typed and checked before anything is created.

Their names, types, defaults and descriptions stand once, in the config section of ``Pulumi.yaml``.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pulumi

from components import answer_template
from components.api_settings import ApiSettings
from components.endpoint_settings import EndpointSettings
from components.function_settings import FunctionSettings
from components.operation_settings import OperationSettings
from components.page_settings import PageSettings
from components.setting_reader import SettingReader
from components.tag_settings import read_tags

# Bytes of one image. Lambda takes 6 MB of event, in which base64 makes 4 bytes of 3 and the rest needs room; that is
# less than the 10 MB of an HTTP API and the 6 MB of a real-time endpoint.
LARGEST_IMAGE = 4_500_000
# https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html
LARGEST_IMAGE_FOR_SERVERLESS = 4 * 1024**2


@dataclass(frozen=True)
class Settings:
    """What a stack may choose."""

    name: str
    model_artifact: Path
    labels: tuple[str, ...]
    answer_template: str
    max_image_bytes: int
    endpoint: EndpointSettings
    function: FunctionSettings
    api: ApiSettings
    page: PageSettings
    operation: OperationSettings
    trust_page_origin: bool
    sagemaker_runtime_url: str | None
    tags: dict[str, str]

    @classmethod
    def load(cls, config: pulumi.Config) -> "Settings":
        """Read the stack's configuration.

        :raises SettingError: naming the first setting that cannot work.
        """
        read = SettingReader(config)
        endpoint, api, page = EndpointSettings.read(read), ApiSettings.read(read), PageSettings.read(read)
        if page.domain and api.domain and page.domain["name"] == api.domain["name"]:
            raise read.refuse("pageDomain", "it must not be apiDomain as well: a name leads to one place")
        return cls(
            name=read.text("name", _is_name, "3 to 40 lower-case letters, digits and inner hyphens"),
            model_artifact=Path(
                read.text(
                    "modelArtifact",
                    lambda path: Path(path).is_file(),
                    "an existing file; `make model` or `python -m model_server.package` makes one",
                )
            ),
            labels=_labels(read),
            answer_template=read.text(
                "answerTemplate",
                answer_template.is_answer_template,
                f"a sentence with {{label}} and no other braces, of at most {answer_template.LONGEST} characters",
            ),
            max_image_bytes=read.integer(
                "maxImageBytes", 1, LARGEST_IMAGE_FOR_SERVERLESS if endpoint.serverless else LARGEST_IMAGE
            ),
            endpoint=endpoint,
            function=FunctionSettings.read(read),
            api=api,
            page=page,
            operation=OperationSettings.read(read),
            trust_page_origin=read.flag("trustPageOrigin"),
            sagemaker_runtime_url=read.optional_text(
                "sagemakerRuntimeUrl", lambda url: urlsplit(url).scheme in ("http", "https"), "an http(s) URL"
            ),
            tags=read_tags(read),
        )


def _labels(read: SettingReader) -> tuple[str, ...]:
    labels = read.texts("labels")
    if len(labels) < 2:
        raise read.error("labels", labels, "a list of two or more texts")
    if len(set(labels)) != len(labels):
        raise read.error("labels", labels, "a list in which each text stands only once")
    return tuple(labels)


def _is_name(value: str) -> bool:
    return re.fullmatch(r"[a-z0-9]([a-z0-9-]{1,38})[a-z0-9]", value) is not None
