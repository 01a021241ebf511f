"""``SimulatePrincipalPolicy`` evaluates conditions with the ``ContextEntries`` that it was given."""

import contextvars
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext

_context_entries: contextvars.ContextVar[Mapping[str, str] | None] = contextvars.ContextVar("entries", default=None)


def simulate_with_context() -> None:
    """Let ``SimulatePrincipalPolicy`` know the context keys that its caller gives, one value for each.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    from ministack.services import iam

    resolve, simulate = iam_evaluator._resolve_condition_key, iam._simulate_principal_policy

    def resolve_in_context(key: str, context: EvalContext) -> Any:
        return (_context_entries.get() or {}).get(key.lower()) or resolve(key, context)

    def simulate_in_context(parameters: dict[str, Any]) -> Any:
        entries, number = {}, 1
        while name := iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyName"):
            value = iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyValues.member.1")
            entries[name.lower()] = value
            number += 1
        before = _context_entries.set(entries)
        try:
            return simulate(parameters)
        finally:
            _context_entries.reset(before)

    iam_evaluator._resolve_condition_key = resolve_in_context
    iam._IAM_HANDLERS["SimulatePrincipalPolicy"] = simulate_in_context
