"""What MiniStack answers a request with."""

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""

INTERNAL_SERVER_ERROR = '{"message":"Internal Server Error"}'
"""What an HTTP API says when its function does not."""

TOO_MANY_REQUESTS = '{"message":"Too Many Requests"}'
"""What an HTTP API says to those whom it does not let through."""
