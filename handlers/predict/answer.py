"""What the caller reads after a prediction: a sentence, or a JSON object."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

from .problem import UNEXPECTED_ANSWER, Problem
from .response import Response, response

HUGE = 1e300  # JSON's numbers have no limit; those of a model have, and NaN is not less than anything


class Prediction(NamedTuple):
    """The most likely label, and the probability of each, in the order of the model's logits."""

    label: str
    probabilities: dict[str, float]

    @classmethod
    def from_logits(cls, document: bytes, labels: tuple[str, ...]) -> Prediction:
        """Softmax over what the endpoint answers: JSON `[[logit, ...]]`, one logit per label.

        Raises Problem 500 for anything else: the endpoint serves another model than the settings describe.
        """
        logits = _logits(document)
        if len(logits) != len(labels):
            raise Problem(
                500,
                UNEXPECTED_ANSWER,
                error="UnexpectedAnswer",
                note=f"there are {len(labels)} labels, but the endpoint answered {document[:200]!r}.",
            )
        highest = max(logits)  # subtracted, so that exp() cannot overflow
        weights = [math.exp(logit - highest) for logit in logits]
        total = math.fsum(weights)
        probabilities = {label: weight / total for label, weight in zip(labels, weights, strict=True)}
        return cls(labels[logits.index(highest)], probabilities)


def _logits(document: bytes) -> list[float]:
    """The only row of a matrix of finite numbers; empty if the document is something else."""
    try:
        matrix = json.loads(document)
    except (ValueError, RecursionError):  # no JSON, or brackets in brackets in brackets ...
        return []
    match matrix:
        case [[*row]] if all(isinstance(logit, int | float) and -HUGE < logit < HUGE for logit in row):
            return row
    return []


def text_answer(prediction: Prediction, template: str) -> Response:
    """The sentence. The contract gives this answer in full, so it has no other header."""
    return response(200, "text/plain", template.format(label=prediction.label))


def json_answer(prediction: Prediction, model: str, request_id: str, latency_ms: float) -> Response:
    """The prediction in full. It has a `count` if the label is a whole number, as in counting objects."""
    label = prediction.label
    body: dict[str, object] = {"count": int(label)} if label.isascii() and label.isdigit() else {}
    body |= {
        "label": label,
        "probabilities": {label: round(value, 6) for label, value in prediction.probabilities.items()},
        "model": model,
        "requestId": request_id,
        "latencyMs": latency_ms,
    }
    return response(200, "application/json", json.dumps(body))
