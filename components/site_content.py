"""What is on the page: the files of one folder, and the configuration that the page reads."""

import gzip
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

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
                **_content(file),
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


def _content(file: Path) -> dict[str, Any]:
    """Inputs that give an object the content of a file."""
    if file.suffix not in STORED_COMPRESSED:
        return {"source": pulumi.FileAsset(str(file))}
    compressed = gzip.compress(file.read_bytes(), mtime=0)  # no time of day, so that the same file is the same object
    return {"content_base64": b64encode(compressed).decode(), "content_encoding": "gzip"}


def _media_type(file: Path) -> str:
    if file.suffix not in MEDIA_TYPES:
        raise pulumi.RunError(
            f"{file}: no media type is known for names that end in {file.suffix!r}, so browsers would not show it. "
            "Add it to components/site_content.py, or remove the file."
        )
    return MEDIA_TYPES[file.suffix]
