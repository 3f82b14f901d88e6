from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import JSONResponse, Response

from exporter.web.api.answers import refusal_of
from exporter.web.api.backend import (
    ApiBackend,
    ContainerConflictError,
    ContainerView,
    NewContainer,
    Registration,
)
from exporter.web.api.calls import Call
from exporter.web.api.codes import ErrorCode, RefusedError
from exporter.web.api.container_json import container_json, registration_json
from exporter.web.api.node import parse_json
from exporter.web.api.parameters import cursor_after, read_container_id, read_container_query
from exporter.web.api.submissions import Submission, distinct, read_submission
from exporter.web.backend import UnknownAccountError


class Containers:
    """The tracked containers: registered, listed, looked up and removed."""

    def __init__(self, backend: ApiBackend) -> None:
        self._backend = backend

    def register_each(self, calls: Sequence[Call]) -> Sequence[Response | Exception]:
        submissions = [_read(call) for call in calls]
        read = [each for each in submissions if not isinstance(each, Exception)]
        outcomes = iter(self._backend.register_each([asked for _, asked in read]))
        return [
            each if isinstance(each, Exception) else _answer(*each, next(outcomes))
            for each in submissions
        ]

    def page(self, call: Call) -> Response:
        query = read_container_query(call.query)
        found = self._backend.containers(replace(query, limit=query.limit + 1))
        page = found[: query.limit]
        cursor = cursor_after(page[-1].container_id) if len(found) > query.limit else None
        content = {"containers": [container_json(each) for each in page], "next_cursor": cursor}
        return JSONResponse(content)

    def show(self, call: Call) -> Response:
        found = self._backend.container(read_container_id(call.path))
        return JSONResponse(container_json(_known(found)))

    def remove(self, call: Call) -> Response:
        if not self._backend.remove(read_container_id(call.path)):
            raise RefusedError(ErrorCode.UNKNOWN_CONTAINER)
        return Response(status_code=204)


_Distinct = tuple[NewContainer, ...]


def _read(call: Call) -> tuple[Submission, _Distinct] | Exception:
    """Return what is to be registered, also as each container once."""
    try:
        submission = read_submission(parse_json(call.body))
    except RefusedError as error:
        return error
    try:
        return submission, distinct(submission)
    except ContainerConflictError as error:
        return _refusal(submission, error)


def _answer(
    submission: Submission, asked: _Distinct, outcome: Sequence[Registration] | Exception
) -> Response | Exception:
    if isinstance(outcome, Exception):
        return _refusal(submission, outcome)
    status = 201 if any(registration.is_new for registration in outcome) else 200
    if not submission.is_batch:
        return JSONResponse(container_json(outcome[0].container), status)
    found = dict(zip(asked, outcome, strict=True))
    content = [registration_json(found[container]) for container in submission.containers]
    return JSONResponse({"containers": content}, status)


def _refusal(submission: Submission, error: Exception) -> Exception:
    """Return the error with the place in the body that led to it, if one did."""
    match error:
        case UnknownAccountError():
            return refusal_of(error, submission.path_of_account(str(error)))
        case ContainerConflictError():
            return refusal_of(error, submission.path_of_container(error.container_id))
        case _:
            return error


def _known(container: ContainerView | None) -> ContainerView:
    if container is None:
        raise RefusedError(ErrorCode.UNKNOWN_CONTAINER)
    return container
