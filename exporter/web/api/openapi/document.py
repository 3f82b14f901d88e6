"""The OpenAPI document: the operations and schemas, put together."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from exporter.web.api.backend import ApiOptions
from exporter.web.api.codes import ERRORS, ErrorCode
from exporter.web.api.credentials import CHALLENGE
from exporter.web.api.openapi.operations import ALWAYS, OPERATIONS, Content, Operation, Parameter
from exporter.web.api.openapi.schemas import SCHEMAS, ref

Json = dict[str, object]

_ABOUT: Final = """\
Publishers register the media containers that the exporter is to track, and report the errors that \
they got from Meta.

Every request but for this document takes `Authorization: Bearer` with the content of the file \
that `container_api.token_file` names; without that setting the API is off.

An error is JSON: a code for programs, a message for people and, where the body is at fault, the \
place in it. Nothing is stored then. A path or a method that is not listed here is answered with \
`not_found` (404) or `method_not_allowed` (405); a URL past 8 KiB or headers past 16 KiB are \
refused in plain text (414, 431) before the API sees them. `HEAD` is answered wherever `GET` is."""

_DESCRIBE: Final[Json] = {
    "operationId": "describeApi",
    "summary": "Describe the API",
    "description": "Needs no token, and is there while the API is off.",
    "tags": ["meta"],
    "security": [],
    "responses": {
        "200": {
            "description": "This document.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
}
_RETRY_AFTER: Final[Json] = {
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
_HEADERS: Final[Mapping[int, Json]] = {
    401: {
        "WWW-Authenticate": {
            "required": True,
            "schema": {"type": "string", "const": CHALLENGE["www-authenticate"]},
        }
    },
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


def openapi_document(options: ApiOptions) -> Json:
    """Return the document that GET /api/v1/openapi.json answers."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "threads-exporter",
            "version": options.version,
            "summary": "Tracked media containers, reported errors and accounts.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in ("containers", "errors", "accounts", "meta")],
        "paths": {**_paths(), "/api/v1/openapi.json": {"get": _DESCRIBE}},
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> Json:
    return {
        path: {operation.method.lower(): _operation(operation) for operation in operations}
        for path, operations in groupby(OPERATIONS, lambda operation: operation.path)
    }


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [*operation.tags],
        "responses": {**_successes(operation), **_failures(operation)},
    }
    if operation.description:
        described["description"] = operation.description
    if operation.parameters:
        described["parameters"] = [_parameter(each) for each in operation.parameters]
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.body)}
    return described


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": parameter.schema,
        "example": parameter.example,
    }


def _content(content: Content) -> Json:
    schemas = [ref(name) for name in content.schemas]
    examples = {name: {"value": value} for name, value in content.examples.items()}
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"application/json": {"schema": schema, "examples": examples}}


def _successes(operation: Operation) -> Json:
    return {
        str(status): {"description": description}
        | ({} if content is None else {"content": _content(content)})
        for status, (description, content) in operation.answers.items()
    }


def _failures(operation: Operation) -> Json:
    codes = sorted((*operation.errors, *ALWAYS), key=_status)
    return {str(status): _failure(status, [*group]) for status, group in groupby(codes, _status)}


def _status(code: ErrorCode) -> int:
    return ERRORS[code].status


def _failure(status: int, codes: Iterable[ErrorCode]) -> Json:
    """Return the answer for one status, which these codes alone have here."""
    names = [str(code) for code in codes]
    error = {"allOf": [ref("Error"), {"properties": {"code": {"enum": names}}}]}
    schema = {"type": "object", "properties": {"error": error}, "required": ["error"]}
    content = {"schema": {**schema, "additionalProperties": False}, "examples": _examples(codes)}
    answer: Json = {
        "description": " ".join(ERRORS[code].message for code in codes),
        "content": {"application/json": content},
    }
    return answer | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _examples(codes: Iterable[ErrorCode]) -> Json:
    return {
        str(code): {"value": {"error": {"code": str(code), "message": ERRORS[code].message}}}
        for code in codes
    }
