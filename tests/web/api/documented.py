"""What the OpenAPI document says, to hold answers against."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from exporter.web.api.backend import ApiOptions
from exporter.web.api.openapi.document import openapi_document

# A parsed JSON document, which tests look into at any depth.
Json = Mapping[str, Any]

DOCUMENT: Final[Json] = json.loads(json.dumps(openapi_document(ApiOptions("1.2.3"))))


def operations() -> Iterator[tuple[str, str, Json]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def codes_of(answer: Json) -> list[str]:
    """Return the error codes that an answer may have, none for a success."""
    content = answer.get("content", {}).get("application/json", {})
    error = content.get("schema", {}).get("properties", {}).get("error", {})
    return error["allOf"][1]["properties"]["code"]["enum"] if "allOf" in error else []


def is_documented(method: str, target: str, status: int, code: str | None) -> bool:
    """Tell whether a request may be answered so; what is no operation may be refused as such."""
    operation = _operation("GET" if method == "HEAD" else method, target.partition("?")[0])
    if operation is None:
        return (status, code) in {(404, "not_found"), (405, "method_not_allowed")}
    answer = operation["responses"].get(str(status))
    return answer is not None and (code is None or code in codes_of(answer))


def _operation(method: str, path: str) -> Json | None:
    for known_method, template, operation in operations():
        pattern = re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template))
        if known_method == method and re.fullmatch(pattern, path):
            return operation
    return None
