"""Errors become problem details: by one table, whose codes are those of the errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from contracts import errors
from contracts.http import PROBLEM_TYPES, answer_or_problem, problem_response, response

ERRORS = sorted(errors.OrdersError.__subclasses__(), key=lambda each: each.code)


class Log:
    """Keeps what is logged: level, message, keys."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, object, Mapping[str, object]]] = []

    def info(self, msg: object, *, extra: Mapping[str, object]) -> None:
        self.lines.append(("info", msg, extra))

    def warning(self, msg: object, *, extra: Mapping[str, object]) -> None:
        self.lines.append(("warning", msg, extra))

    def error(self, msg: object, *, extra: Mapping[str, object]) -> None:
        self.lines.append(("error", msg, extra))

    def exception(self, msg: object) -> None:
        self.lines.append(("exception", msg, {}))


def raising(error: Exception) -> Callable[[], dict[str, Any]]:
    def answer() -> dict[str, Any]:
        raise error

    return answer


def answered(answer: Callable[[], dict[str, Any]], log: Log) -> dict[str, Any]:
    return answer_or_problem(answer, subject="order", log=log, unavailable=(ConnectionError,))


def test_every_error_has_its_problem_and_every_problem_its_error() -> None:
    assert [each.code for each in ERRORS] == sorted(PROBLEM_TYPES)


def test_the_tree_in_the_docstring_has_every_error() -> None:
    assert sorted(each.__name__ for each in ERRORS) == sorted(
        line.split()[1] for line in (errors.__doc__ or "").splitlines() if line.startswith(("├", "└"))
    )


def test_what_a_client_reads_is_the_errors_docstring_unless_there_is_more_to_say() -> None:
    assert problem_response(errors.OrderNotFoundError()) == {
        "statusCode": 404,
        "headers": {"Content-Type": "application/problem+json"},
        "body": '{"type":"urn:serverless-orders:problem:order-not-found","title":"Order not found","status":404,'
        '"detail":"There is no such order of yours."}',
        "isBase64Encoded": False,
    }
    assert json.loads(problem_response(errors.NotJsonError("Because."))["body"])["detail"] == "Because."


def test_a_client_learns_what_is_allowed_and_when_to_try_again() -> None:
    refused = problem_response(errors.MethodNotAllowedError("PUT", ["GET", "HEAD"]))
    assert refused["headers"]["Allow"] == "GET, HEAD"
    assert json.loads(refused["body"])["detail"] == "PUT is not allowed here; allowed: GET, HEAD."
    assert problem_response(errors.RequestInProgressError())["headers"]["Retry-After"] == "1"
    assert problem_response(errors.DatabaseUnavailableError())["headers"]["Retry-After"] == "2"


def test_an_invalid_body_is_answered_with_its_places() -> None:
    places = [{"pointer": "/amount", "detail": "Field required"}]
    assert json.loads(problem_response(errors.InvalidOrderError(places))["body"])["errors"] == places


def test_an_answer_is_passed_on_and_nothing_is_logged() -> None:
    log = Log()
    assert answered(lambda: response(200, {}), log)["statusCode"] == 200
    assert log.lines == []


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (
            errors.OrderNotFoundError(),
            404,
            ("info", "order refused", {"status": 404, "problem": "order-not-found"}),
        ),
        (
            errors.UnauthenticatedError(),
            401,
            ("warning", "order refused", {"status": 401, "problem": "unauthenticated"}),
        ),
        (ConnectionResetError("gone\n"), 503, ("error", "database unavailable", {"reason": "gone"})),
        (ValueError("secret"), 500, ("exception", "order failed", {})),
    ],
    ids=["refused", "no customer", "outage", "bug"],
)
def test_an_error_is_answered_and_logged(error: Exception, status: int, line: tuple[Any, ...]) -> None:
    log = Log()
    answer = answered(raising(error), log)
    assert answer["statusCode"] == json.loads(answer["body"])["status"] == status
    assert "secret" not in answer["body"]
    assert log.lines == [line]
