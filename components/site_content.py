"""What is on the page: the files of one folder, and the configuration that the page reads."""

import gzip
import html
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

# Not Python's mimetypes: what that knows depends on the machine that deploys.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}

# What only browsers read is stored as gzip, which every one of them takes: CloudFront compresses by itself only when it
# has the time, and an emulator never does. JSON and text stay plain for programs, which often take nothing else.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
STORED_COMPRESSED = {".css", ".html", ".js", ".svg"}


class SiteContentArgs(TypedDict):
    """What a :class:`SiteContent` is made from."""

    bucket_name: pulumi.Input[str]
    """Name of the bucket that the site is served from."""

    directory: str
    """Folder with the files of the page."""

    config: Mapping[str, Any]
    """Becomes ``config.json``, from which the page learns what differs between stacks."""

    connect_source: NotRequired[pulumi.Input[str]]
    """The only URL to which the page's scripts may send anything, beside the site itself: goes into the pages as a
    policy that adds to the one of the distribution's headers, which are made before an API has its URL."""


class SiteContent(pulumi.ComponentResource):
    """The page's files in their bucket."""

    def __init__(self, name: str, args: SiteContentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:SiteContent", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        directory = Path(args["directory"])
        for file in sorted(path for path in directory.rglob("[!.]*") if path.is_file()):
            key = file.relative_to(directory).as_posix()
            aws.s3.BucketObject(
                f"{name}-{key}",
                bucket=args["bucket_name"],
                key=key,
                **_content(file, args.get("connect_source")),
                content_type=_media_type(file),
                cache_control="public, max-age=300",
                opts=child,
            )
        aws.s3.BucketObject(
            f"{name}-config.json",
            bucket=args["bucket_name"],
            key="config.json",
            content=pulumi.Output.json_dumps(args["config"]),
            content_type="application/json",
            # It names the API of the newest deployment, so no copy may outlive that.
            cache_control="no-store",
            opts=child,
        )
        self.register_outputs({})


def _content(file: Path, connect_source: pulumi.Input[str] | None) -> dict[str, Any]:
    """Inputs that give an object the content of a file."""
    if file.suffix not in STORED_COMPRESSED:
        return {"source": pulumi.FileAsset(str(file))}
    if file.suffix == ".html" and connect_source is not None:
        page = _with_policy(file, connect_source)
        return {"content_base64": page.apply(_compressed), "content_encoding": "gzip"}
    return {"content_base64": _compressed(file.read_bytes()), "content_encoding": "gzip"}


def _compressed(content: bytes) -> str:
    return b64encode(gzip.compress(content, mtime=0)).decode()  # no time of day: the same file is the same object


def _with_policy(file: Path, connect_source: pulumi.Input[str]) -> pulumi.Output[bytes]:
    """The page with a Content-Security-Policy of its own, which browsers enforce beside the header's.

    https://www.w3.org/TR/CSP3/#multiple-policies
    """
    before, charset, after = file.read_text(encoding="utf-8").partition('<meta charset="utf-8">')
    if not charset:
        raise pulumi.RunError(f'{file} has no <meta charset="utf-8">, behind which the policy for its scripts belongs.')

    def insert(url: str) -> bytes:
        policy = html.escape(f"connect-src 'self' {url}", quote=True).replace("&#x27;", "'")
        return f'{before}{charset}<meta http-equiv="Content-Security-Policy" content="{policy}">{after}'.encode()

    return pulumi.Output.from_input(connect_source).apply(insert)


def _media_type(file: Path) -> str:
    if file.suffix not in MEDIA_TYPES:
        raise pulumi.RunError(
            f"{file}: no media type is known for names that end in {file.suffix!r}, so browsers would not show it. "
            "Add it to components/site_content.py, or remove the file."
        )
    return MEDIA_TYPES[file.suffix]
