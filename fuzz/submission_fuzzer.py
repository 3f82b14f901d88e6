"""What a publisher posts to the API: containers to follow, and errors that it got from Meta."""

import json

from exporter.threads_api.explain import explain
from exporter.web.api.answers import refusal_of, refused
from exporter.web.api.backend import ContainerConflictError
from exporter.web.api.codes import ErrorCode, RefusedError
from exporter.web.api.node import Node, parse_json
from exporter.web.api.submissions import distinct, read_report, read_submission
from exporter.web.api.values import MOST_CONTAINERS, is_account, is_container_id


def fuzz(data: bytes) -> None:
    for read in (_register, _report):
        try:
            read(parse_json(data))
        except (RefusedError, ContainerConflictError) as error:
            _check(refusal_of(error))


def _register(body: Node) -> None:
    containers = distinct(read_submission(body))
    assert 1 <= len(containers) <= MOST_CONTAINERS
    for container in containers:
        assert is_account(container.account)
        assert is_container_id(container.container_id)


def _report(body: Node) -> None:
    report = read_report(body)
    assert is_account(report.account)
    explain(report.error)


def _check(refusal: RefusedError) -> None:
    assert refusal.code is not ErrorCode.INTERNAL
    answer = refused(refusal)
    assert 400 <= answer.status_code < 500
    assert json.loads(bytes(answer.body)).keys() == {"error"}
