"""Policy documents: what AWS's JSON means, with single values in place of lists.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .rule import as_list


def statements(document: Any) -> list[Mapping[str, Any]]:
    """The statements of a document, which is JSON, an object, or nothing."""
    if not document:
        return []
    parsed = json.loads(document) if isinstance(document, str) else document
    return list(as_list(parsed.get("Statement", [])))


def allowed(document: Any) -> Iterator[Mapping[str, Any]]:
    """The statements that allow something."""
    return (statement for statement in statements(document) if statement.get("Effect") == "Allow")


def is_for_everybody(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is for every principal there is."""
    principal = statement.get("Principal", {})
    return principal == "*" or (not isinstance(principal, str) and "*" in as_list(principal.get("AWS", [])))


def names_no_resource(arn: str) -> bool:
    """Whether an ARN is for every resource of a service, or of all."""
    return re.match(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:\*", arn) is not None


def condition_keys(statement: Mapping[str, Any]) -> set[str]:
    """The keys of a statement's conditions in lower case, in which AWS does not tell them apart."""
    return {key.lower() for test in statement.get("Condition", {}).values() for key in test}
