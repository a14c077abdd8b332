"""The refusals of the Lambda API, in AWS's own words.

A `LambdaApiError` is an answer with a status other than 2xx; a failing function is not one of them, that is a result.
Bodies: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors, the spelling of their keys
(`message` here, `Message` there) as recorded from AWS.
"""

from __future__ import annotations

import json


class LambdaApiError(Exception):
    """An API call that AWS refuses: HTTP status, error type (`x-amzn-ErrorType`) and body."""

    def __init__(self, status: int, error_type: str, body: bytes) -> None:
        super().__init__(f"{error_type}: {body.decode()}")
        self.status = status
        self.error_type = error_type
        self.body = body


class TooManyRequestsError(LambdaApiError):
    """Throttled; `reason` is AWS's, such as ReservedFunctionConcurrentInvocationLimitExceeded."""

    def __init__(self, reason: str) -> None:
        body = {"Reason": reason, "Type": "User", "message": "Rate Exceeded."}
        super().__init__(429, "TooManyRequestsException", _encode(body))
        self.reason = reason


def not_found(message: str) -> LambdaApiError:
    return _user_error(404, "ResourceNotFoundException", message)


def function_not_found(arn: str) -> LambdaApiError:
    return not_found(f"Function not found: {arn}")


def access_denied(message: str) -> LambdaApiError:
    return _user_error(403, "AccessDeniedException", message)


def resource_conflict(message: str) -> LambdaApiError:
    return _user_error(409, "ResourceConflictException", message)


def unsupported_media_type(message: str) -> LambdaApiError:
    return _user_error(415, "UnsupportedMediaTypeException", message)


def payload_too_large(size: int, *, invocation_type: str, limit: int) -> LambdaApiError:
    message = f"{size} byte payload is too large for the {invocation_type} invocation type (limit {limit} bytes)"
    return _user_error(413, "RequestTooLargeException", message)


def invalid_request_content(message: str) -> LambdaApiError:
    return _user_error(400, "InvalidRequestContentException", message)


def invalid_parameter_value(message: str) -> LambdaApiError:
    return _user_error(400, "InvalidParameterValueException", message)


def method_not_allowed(message: str) -> LambdaApiError:
    return _user_error(405, "MethodNotAllowedException", message)


def misdirected_request(message: str) -> LambdaApiError:
    return _user_error(421, "MisdirectedRequestException", message)


def not_emulated(message: str) -> LambdaApiError:
    return _user_error(501, "NotImplementedException", message)


def service_failure(message: str) -> LambdaApiError:
    return LambdaApiError(500, "ServiceException", _encode({"Type": "Service", "Message": message}))


def broken_limit(member: str, value: object, constraint: str) -> LambdaApiError:
    message = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    return LambdaApiError(400, "ValidationException", json.dumps({"message": message}).encode())


def precondition_failed(message: str) -> LambdaApiError:
    return _user_error(412, "PreconditionFailedException", message)


def request_too_large(limit: int, operation: str) -> LambdaApiError:
    return _user_error(
        413,
        "RequestEntityTooLargeException",
        f"Request must be smaller than {limit} bytes for the {operation} operation",
    )


def _user_error(status: int, error_type: str, message: str) -> LambdaApiError:
    return LambdaApiError(status, error_type, _encode({"Type": "User", "Message": message}))


def _encode(body: dict[str, str]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
