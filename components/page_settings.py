"""The settings of the page. ``Pulumi.yaml`` says what each one means."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from components.answer_template import is_answer_template
from components.setting_reader import SettingReader, is_arn, is_domain_name
from components.static_site import SiteDomainArgs


@dataclass(frozen=True)
class Sample:
    """An image that the page offers: what the visitor reads, and its URL, which may be relative to the page."""

    label: str
    url: str


@dataclass(frozen=True)
class PageSettings:
    """What the page shows, and where it is."""

    title: str
    samples: tuple[Sample, ...]
    translations: dict[str, dict[str, str]]
    """By language, then by text."""

    image_size: int
    url_template: str
    api_origins: str
    domain: SiteDomainArgs | None

    @classmethod
    def read(cls, read: SettingReader) -> "PageSettings":
        """:raises SettingError: for the first setting that cannot work, alone or beside the others."""
        domain = _domain(read)
        return cls(
            title=read.text("title", bool, "a text"),
            samples=_samples(read),
            translations=_translations(read),
            image_size=read.integer("imageSize", 32, 4096),
            url_template=f"https://{domain['name']}"
            if domain
            else read.text("pageUrl", _is_url_template, "an http(s) origin with {domain} or {label}, without a path"),
            api_origins=read.text(
                "apiOrigins", _is_origin_pattern, "an http(s) origin such as https://*.example.com, without a path"
            ),
            domain=domain,
        )


def _domain(read: SettingReader) -> SiteDomainArgs | None:
    name = read.optional_text("pageDomain", is_domain_name, "a domain name such as www.example.com")
    # CloudFront takes certificates from this region only.
    certificate = read.optional_text(
        "pageCertificateArn",
        is_arn("acm", "certificate", "us-east-1"),
        "the ARN of a certificate in ACM, in us-east-1",
    )
    read.check_pair("pageDomain", name, "pageCertificateArn", certificate)
    return {"name": name, "certificate_arn": certificate} if name and certificate else None


def _samples(read: SettingReader) -> tuple[Sample, ...]:
    pairs = read.tuples("samples", "text", "URL")
    if not pairs:
        raise read.error("samples", pairs, "a list of at least one [text, URL]")
    return tuple(Sample(label, url) for label, url in pairs)


def _translations(read: SettingReader) -> dict[str, dict[str, str]]:
    translations: dict[str, dict[str, str]] = {}
    for triple in read.tuples("translations", "language", "text", "translation"):
        language, text, translation = triple
        if not re.fullmatch(r"[a-z]{2,3}", language):
            raise read.error("translations", triple, "a language code such as de, a text and its translation")
        if is_answer_template(text) and not is_answer_template(translation):
            raise read.error("translations", triple, "a translation with {label} and no other braces, like the text")
        translations.setdefault(language, {})[text] = translation
    return translations


def _is_url_template(value: str) -> bool:
    filled = value.replace("{domain}", "domain").replace("{label}", "label")
    try:
        url = urlsplit(filled)
    except ValueError:
        return False
    return (
        url.scheme in ("http", "https")
        and filled != value
        and not (url.path or url.query or url.fragment)
        and not set("{}") & set(filled)
    )


def _is_origin_pattern(value: str) -> bool:
    filled = value.replace("{region}", "region")
    return re.fullmatch(r"https?://(\*\.)?[a-z0-9.-]+(:\d+)?", filled) is not None
