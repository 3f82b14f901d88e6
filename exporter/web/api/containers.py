from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import JSONResponse, Response

from exporter.web.api.answers import refusal_of
from exporter.web.api.backend import (
    ApiBackend,
    ContainerConflictError,
    ContainerView,
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

    def register(self, call: Call) -> Response:
        submission = read_submission(parse_json(call.body))
        registrations = self._register(submission)
        status = 201 if any(registration.is_new for registration in registrations) else 200
        if submission.is_batch:
            content = {"containers": [registration_json(found) for found in registrations]}
            return JSONResponse(content, status)
        return JSONResponse(container_json(registrations[0].container), status)

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

    def _register(self, submission: Submission) -> Sequence[Registration]:
        """Return a registration for each container, also for one that is named twice."""
        try:
            containers = distinct(submission)
            registrations = self._backend.register(containers)
        except UnknownAccountError as error:
            raise refusal_of(error, submission.path_of_account(str(error))) from None
        except ContainerConflictError as error:
            path = submission.path_of_container(error.container_id)
            raise refusal_of(error, path) from None
        found = dict(zip(containers, registrations, strict=True))
        return [found[container] for container in submission.containers]


def _known(container: ContainerView | None) -> ContainerView:
    if container is None:
        raise RefusedError(ErrorCode.UNKNOWN_CONTAINER)
    return container
