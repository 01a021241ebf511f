"""Which image formats are accepted, and how to tell them by their first bytes."""

from __future__ import annotations

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")


def media_type_of(content: bytes) -> str | None:
    """The media type of an image, or None if it is none of MEDIA_TYPES.

    The bytes decide, not what a web server or a caller says they are. Signatures: WHATWG MIME Sniffing, 6.1.
    """
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return None
