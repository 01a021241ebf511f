"""The one error with which model code blames a request."""

from __future__ import annotations

from http import HTTPStatus

# AWS's PyTorch containers answer with an error's own status only if it is an instance of this class; every other
# exception becomes a 500 (sagemaker_inference/transformer.py in aws/sagemaker-inference-toolkit, method transform).
# Elsewhere that package is not installed, and a class with the same attributes takes its place.
try:
    from sagemaker_inference.errors import BaseInferenceToolkitError  # type: ignore[import-not-found]
except ImportError:

    class BaseInferenceToolkitError(Exception):  # type: ignore[no-redef]
        """An error that says with which HTTP status to answer."""

        def __init__(self, status_code: int, message: str, phrase: str) -> None:
            super().__init__(status_code, message, phrase)
            self.status_code = status_code
            self.message = message
            self.phrase = phrase


class RequestError(BaseInferenceToolkitError):  # type: ignore[misc]
    """The request cannot be served, and why.

    `status_code` is the HTTP status of the answer; `message` is fit to show to whoever sent the request.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(status.value, message, status.phrase)

    def __str__(self) -> str:
        return str(self.message)
