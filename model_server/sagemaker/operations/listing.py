"""What the List operations have in common: filters, order and pages."""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

from model_server.sagemaker.errors import ValidationException

Summary = dict[str, Any]

_DEFAULT_PAGE = 10


def page(kind: str, summaries: Iterable[Summary], request: dict[str, Any]) -> dict[str, Any]:
    """The page of `summaries` that `request` asks for, as `{"<kind>s": [...], "NextToken": "..."}`.

    `kind` is "Model", "EndpointConfig" or "Endpoint", after which the members are named. A token names the
    last item of its page, not a position, so items that come and go between pages are neither repeated nor
    make others be skipped.
    """
    order = request.get("SortOrder", "Descending")
    sort_by = request.get("SortBy", "CreationTime")
    member = {"Name": f"{kind}Name", "Status": f"{kind}Status"}.get(sort_by, sort_by)

    def key(summary: Summary) -> list[Any]:
        return [summary[member], summary[f"{kind}Arn"]]

    matching = [summary for summary in summaries if _matches(kind, summary, request)]
    matching.sort(key=key, reverse=order == "Descending")
    if token := request.get("NextToken"):
        last = _decode(token, sort_by, order)
        matching = [item for item in matching if (key(item) < last if order == "Descending" else key(item) > last)]
    size = request.get("MaxResults", _DEFAULT_PAGE)
    answer: dict[str, Any] = {f"{kind}s": matching[:size]}
    if len(matching) > size:
        answer["NextToken"] = _encode(key(matching[size - 1]), sort_by, order)
    return answer


def _matches(kind: str, summary: Summary, request: dict[str, Any]) -> bool:
    if request.get("NameContains", "").lower() not in summary[f"{kind}Name"].lower():
        return False
    if request.get("StatusEquals") not in (None, summary.get(f"{kind}Status")):
        return False
    for member in ("CreationTime", "LastModifiedTime"):
        before, after = request.get(f"{member}Before"), request.get(f"{member}After")
        if before is not None and not summary[member] < before:
            return False
        if after is not None and not summary[member] > after:
            return False
    return True


def _encode(last: list[Any], sort_by: str, order: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort_by, order, *last]).encode()).decode()


def _decode(token: str, sort_by: str, order: str) -> list[Any]:
    value_type = float if sort_by == "CreationTime" else str
    try:
        token_sort_by, token_order, value, arn = json.loads(base64.urlsafe_b64decode(token))
        if (token_sort_by, token_order) != (sort_by, order):
            raise ValidationException("NextToken belongs to a request with another SortBy or SortOrder")
        return [value_type(value), str(arn)]
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        raise ValidationException("NextToken is not one that this operation has returned") from None
