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
from components.setting_reader import SettingReader, is_domain_name
from components.tag_settings import read_tags

# Bytes of one image. Lambda takes 6 MB of event, in which base64 makes 4 bytes of 3 and the rest needs room; that is
# less than the 10 MB of an HTTP API and the 6 MB of a real-time endpoint.
LARGEST_IMAGE = 4_500_000
# Characters of one environment variable of a SageMaker model, in which the hosts travel.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
LONGEST_LIST_OF_HOSTS = 1024
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
    allowed_image_hosts: tuple[str, ...]
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
        allowed_image_hosts, trust_page_origin = _hosts(read), read.flag("trustPageOrigin")
        if allowed_image_hosts:
            _check_samples(read, page, allowed_image_hosts, trust_page_origin)
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
            allowed_image_hosts=allowed_image_hosts,
            endpoint=endpoint,
            function=FunctionSettings.read(read),
            api=api,
            page=page,
            operation=OperationSettings.read(read),
            trust_page_origin=trust_page_origin,
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


def _hosts(read: SettingReader) -> tuple[str, ...]:
    hosts = read.texts("allowedImageHosts")
    if not all(map(_is_host, hosts)) or len(" ".join(hosts)) > LONGEST_LIST_OF_HOSTS:
        allowed = "hosts such as images.example.com or images.example.com:8443, with at most"
        raise read.error("allowedImageHosts", hosts, f"{allowed} {LONGEST_LIST_OF_HOSTS} characters in all")
    return tuple(hosts)


def _is_host(value: str) -> bool:
    name, colon, port = value.partition(":")
    return is_domain_name(name) and (
        not colon or (re.fullmatch(r"[1-9]\d{0,4}", port) is not None and int(port) < 65_536)
    )


def _check_samples(read: SettingReader, page: PageSettings, hosts: tuple[str, ...], trust_page_origin: bool) -> None:
    for sample in page.samples:
        url = urlsplit(sample.url)
        if not url.netloc and not trust_page_origin:
            raise read.refuse("samples", f"{sample.url} comes from the page, which needs trustPageOrigin")
        if url.netloc and not {url.netloc, url.hostname} & set(hosts):
            raise read.refuse("samples", f"the host of {sample.url} is not among allowedImageHosts")


def _is_name(value: str) -> bool:
    return re.fullmatch(r"[a-z0-9]([a-z0-9-]{1,38})[a-z0-9]", value) is not None
