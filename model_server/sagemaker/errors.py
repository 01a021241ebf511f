"""The errors that SageMaker answers with, by the names that its SDKs know."""

from typing import ClassVar


class SageMakerError(Exception):
    """An answer that is an error. `code` is the name that an SDK sees, `status` the HTTP status.

    `message_key` is the member that carries the text: SageMaker writes `message` in the errors common to all
    of AWS and `Message` in those that its service models define.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 400
    message_key: ClassVar[str] = "message"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def body(self) -> dict[str, object]:
        """The members of the error, without the protocol's own `__type`."""
        return {self.message_key: self.message}


class ValidationException(SageMakerError):
    """The request breaks a constraint, or names something that does not exist."""

    code = "ValidationException"


class MalformedHttpRequestException(SageMakerError):
    """The request is wrong as HTTP already: its lines, its headers or the framing of its body."""

    code = "MalformedHttpRequestException"


class SerializationException(SageMakerError):
    """The body is not JSON, or a value has the wrong JSON type."""

    code = "SerializationException"


class UnknownOperationException(SageMakerError):
    """SageMaker has no such operation, or the stand-in does not emulate it."""

    code = "UnknownOperationException"


class MissingAuthenticationTokenException(SageMakerError):
    """The request is not signed."""

    code = "MissingAuthenticationTokenException"
    status = 403


class AccessDeniedException(SageMakerError):
    """The caller may not do this, or the request is one that a web page may have been tricked into sending."""

    code = "AccessDeniedException"
    status = 403


class IncompleteSignatureException(SageMakerError):
    """The request has an Authorization header that is not a version 4 signature."""

    code = "IncompleteSignatureException"


class UnrecognizedClientException(SageMakerError):
    """Nobody knows the access key."""

    code = "UnrecognizedClientException"
    status = 403


class ExpiredTokenException(SageMakerError):
    """The credentials were temporary, and their time is over."""

    code = "ExpiredTokenException"
    status = 403


class InvalidSignatureException(SageMakerError):
    """The signature was not made with the secret of its access key, or not of this request."""

    code = "InvalidSignatureException"
    status = 403


class RequestEntityTooLargeException(SageMakerError):
    """The body of a control plane request is larger than any valid request."""

    code = "RequestEntityTooLargeException"
    status = 413


class ResourceLimitExceeded(SageMakerError):
    """The change would exceed one of SageMaker's quotas."""

    code = "ResourceLimitExceeded"
    message_key = "Message"


class InternalFailure(SageMakerError):
    """A fault of the stand-in itself; its log has the details."""

    code = "InternalFailure"
    status = 500


class ValidationError(SageMakerError):
    """The runtime's counterpart of `ValidationException`."""

    code = "ValidationError"
    message_key = "Message"


class ModelNotReadyException(SageMakerError):
    """The container of a serverless variant is still being provisioned; the call may be repeated."""

    code = "ModelNotReadyException"
    status = 429
    message_key = "Message"


class ServiceUnavailable(SageMakerError):
    """No container can take the request at the moment; the call may be repeated."""

    code = "ServiceUnavailable"
    status = 503
    message_key = "Message"


class ModelError(SageMakerError):
    """The container answered 4xx or 5xx, broke off, or did not answer in time.

    `original_status` is the container's HTTP status, or 0 if it did not answer in time.
    """

    code = "ModelError"
    status = 424
    message_key = "Message"

    def __init__(self, message: str, *, original_status: int, original_message: str, log_stream_arn: str) -> None:
        super().__init__(message)
        self.original_status = original_status
        self.original_message = original_message
        self.log_stream_arn = log_stream_arn

    def body(self) -> dict[str, object]:
        return {
            **super().body(),
            "OriginalStatusCode": self.original_status,
            "OriginalMessage": self.original_message,
            "LogStreamArn": self.log_stream_arn,
        }
