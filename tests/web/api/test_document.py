from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from exporter.web.api.backend import (
    ContainerConflictError,
    RateLimitedError,
    StoreUnavailableError,
    TrackingFullError,
)
from exporter.web.api.codes import ERRORS, ErrorCode
from exporter.web.api.openapi.operations import OPERATIONS
from exporter.web.api.routes import OPENAPI_PATH, handlers_of
from exporter.web.workers import TooBusyError
from tests.clock import ControlledClock
from tests.web.api.documented import DOCUMENT, Json, codes_of, operations
from tests.web.api.stand_in import JSON, Body, Client, Registry

ONE = {"account": "acme", "container_id": "17889615691921648"}
NEVER_BY_AN_OPERATION = {ErrorCode.METHOD_NOT_ALLOWED}


@dataclass
class Request:
    """A request that would succeed, until it is made to fail."""

    method: str
    path: str
    registry: Registry
    body: Body = None
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


def failing_with(failure: Exception) -> Callable[[Request], None]:
    def provoke(request: Request) -> None:
        request.registry.failure = failure

    return provoke


def with_body(*pieces: bytes) -> Callable[[Request], None]:
    def provoke(request: Request) -> None:
        request.body = list(pieces)

    return provoke


def without_token(request: Request) -> None:
    request.headers = {}


def with_the_api_off(request: Request) -> None:
    request.registry.enabled = False


def as_text(request: Request) -> None:
    request.headers = {**JSON, "Content-Type": "text/plain"}


def with_a_number_for_the_account(request: Request) -> None:
    request.body = without_account(request, b"1")


def with_an_empty_account(request: Request) -> None:
    request.body = without_account(request, b'""')


def with_an_unknown_account(request: Request) -> None:
    request.body = without_account(request, b'"nobody"')
    request.path += "?account=nobody"


def without_account(request: Request, instead: bytes) -> bytes:
    other = b"error" if request.path.endswith("errors") else b"container_id"
    return b'{"account": ' + instead + b', "' + other + b'": "1"}'


def with_a_wrong_parameter(request: Request) -> None:
    request.path = request.path.replace("{container_id}", "me") + "?limit=0"


def below_the_path(request: Request) -> None:
    request.path += "%2F1"


def of_an_unknown_container(_request: Request) -> None:
    """Ask for what is not there: the registry is empty."""


PROVOCATIONS: Mapping[ErrorCode, Callable[[Request], None]] = {
    ErrorCode.UNAUTHORIZED: without_token,
    ErrorCode.API_DISABLED: with_the_api_off,
    ErrorCode.NOT_FOUND: below_the_path,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: as_text,
    ErrorCode.BODY_TOO_LARGE: with_body(*[b" " * 65536] * 4, b" "),
    ErrorCode.MALFORMED_JSON: with_body(b"{"),
    ErrorCode.DUPLICATE_KEY: with_body(b'{"account": "a", "account": "a"}'),
    ErrorCode.UNKNOWN_KEY: with_body(b'{"x": "a"}'),
    ErrorCode.MISSING_KEY: with_body(b'{"account": "a"}'),
    ErrorCode.WRONG_TYPE: with_a_number_for_the_account,
    ErrorCode.INVALID_VALUE: with_an_empty_account,
    ErrorCode.INVALID_PARAMETER: with_a_wrong_parameter,
    ErrorCode.UNKNOWN_ACCOUNT: with_an_unknown_account,
    ErrorCode.UNKNOWN_CONTAINER: of_an_unknown_container,
    ErrorCode.CONTAINER_CONFLICT: failing_with(ContainerConflictError(ONE["container_id"])),
    ErrorCode.RATE_LIMITED: failing_with(RateLimitedError(1)),
    ErrorCode.TRACKING_FULL: failing_with(TrackingFullError()),
    ErrorCode.STORE_UNAVAILABLE: failing_with(StoreUnavailableError(1)),
    ErrorCode.TOO_BUSY: failing_with(TooBusyError()),
    ErrorCode.INTERNAL: failing_with(ZeroDivisionError()),
}


@dataclass(frozen=True, slots=True)
class DocumentedError:
    method: str
    path: str
    status: int
    code: str

    def request(self, registry: Registry) -> Request:
        body = example_body(self.path) if self.method == "POST" else None
        return Request(self.method, self.path, registry, body)


def documented_errors() -> Iterator[DocumentedError]:
    for method, path, operation in operations():
        for status, answer in operation["responses"].items():
            for code in codes_of(answer):
                yield DocumentedError(method, path, int(status), code)


def bodies() -> Iterator[tuple[str, Json]]:
    """Yield every JSON body that the document describes."""
    for _, _, operation in operations():
        name = operation["operationId"]
        if "requestBody" in operation:
            yield name, operation["requestBody"]["content"]["application/json"]
        for status, answer in operation["responses"].items():
            if "examples" in answer.get("content", {}).get("application/json", {}):
                yield f"{name} {status}", answer["content"]["application/json"]


def parameters() -> Iterator[tuple[str, Json]]:
    for _, _, operation in operations():
        for parameter in operation.get("parameters", ()):
            yield f"{operation['operationId']} {parameter['name']}", parameter


def assert_valid(schema: Json, value: object) -> None:
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


def example_body(path: str) -> bytes | None:
    other = '"error": "x"' if path.endswith("errors") else '"container_id": "17889615691921648"'
    return f'{{"account": "acme", {other}}}'.encode()


def test_the_document_is_valid() -> None:
    validate(dict(DOCUMENT))


def test_every_route_is_documented_and_nothing_else() -> None:
    handlers = handlers_of(Registry(), ControlledClock())
    routes = {(method, path) for path, found in handlers.items() for method in found}

    assert {(method, path) for method, path, _ in operations()} == {
        *routes,
        ("GET", OPENAPI_PATH),
    }
    assert len(OPERATIONS) == len(routes)


def test_every_error_code_is_documented_and_nothing_else() -> None:
    documented = {error.code for error in documented_errors()}

    assert documented == {*ErrorCode} - NEVER_BY_AN_OPERATION
    assert [*ERRORS] == [*ErrorCode] == DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"]


@pytest.mark.parametrize("documented", [*documented_errors()], ids=str)
def test_every_documented_error_is_answered(
    client: Client, registry: Registry, documented: DocumentedError
) -> None:
    request = documented.request(registry)
    PROVOCATIONS[ErrorCode(documented.code)](request)
    target = request.path.replace("{container_id}", ONE["container_id"])
    reply = client.send(request.method, target, request.body, request.headers)

    assert (reply.status, reply.error[0]) == (documented.status, documented.code)


@pytest.mark.parametrize(("body", "content"), [*bodies()])
def test_every_body_has_examples_that_fit_its_schema(body: str, content: Json) -> None:
    assert content["examples"]
    for example in content["examples"].values():
        assert_valid(content["schema"], example["value"])


@pytest.mark.parametrize(("name", "parameter"), [*parameters()])
def test_every_parameter_has_an_example_that_fits_its_schema(name: str, parameter: Json) -> None:
    assert parameter["description"]
    assert_valid(parameter["schema"], parameter["example"])


def test_every_schema_is_used() -> None:
    text = str(DOCUMENT)

    assert [
        name
        for name in DOCUMENT["components"]["schemas"]
        if f"'#/components/schemas/{name}'" not in text
    ] == []


def test_all_but_the_document_needs_the_token() -> None:
    open_to_all = [path for _, path, operation in operations() if operation.get("security") == []]

    assert DOCUMENT["security"] == [{"token": []}]
    assert open_to_all == [OPENAPI_PATH]
