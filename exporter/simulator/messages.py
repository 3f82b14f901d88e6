"""A request as the simulator reads it, and an answer as it is going to be sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl, unquote

from exporter.simulator.calls import AuthWay

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    parameters: Mapping[str, str]
    token: str | None
    auth: AuthWay
    user_agent: str

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))

    @property
    def fields(self) -> tuple[str, ...]:
        wanted = self.parameters.get("fields", "")
        return tuple(name.strip() for name in wanted.split(",") if name.strip())


def read_request(method: str, target: str, headers: Mapping[str, str], form: str) -> Request:
    """Return the request; the names of `headers` are in lower case, a token there is preferred."""
    path, _, query = target.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    parameters.update(parse_qsl(form, keep_blank_values=True))
    token, auth = _token(headers.get("authorization", ""), parameters)
    return Request(method, unquote(path), parameters, token, auth, headers.get("user-agent", ""))


def _token(authorization: str, parameters: Mapping[str, str]) -> tuple[str | None, AuthWay]:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer" and credentials:
        return credentials.strip(), AuthWay.HEADER
    if "access_token" in parameters:
        return parameters["access_token"], AuthWay.QUERY
    return None, AuthWay.NONE


class Wire(Protocol):
    """The connection to a caller, as a way of delivery uses it; sending raises OSError."""

    def send(self, data: bytes) -> None: ...

    def pause(self, seconds: float) -> None:
        """Wait; raises ConnectionAbortedError once the simulator stops."""
        ...

    def wait_for_release(self) -> None:
        """Wait until hung calls are released; raises as `pause`, or when the caller has left."""
        ...

    def close(self) -> None:
        """Close the connection after this answer."""
        ...

    def reset(self) -> None:
        """Close the connection with a TCP reset."""
        ...


class Delivery(Protocol):
    """A way to send an answer."""

    def deliver(self, answer: "Answer", wire: Wire) -> None: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """The answer at once, as it should be."""

    def deliver(self, answer: "Answer", wire: Wire) -> None:
        wire.send(answer.head() + answer.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `silent` where the delivery is such that no status reaches the caller."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = field(default_factory=Whole)
    silent: bool = False

    def head(self, *framing: tuple[str, str]) -> bytes:
        """Return the status line and headers; `framing` replaces the Content-Length."""
        frame = framing or (("Content-Length", str(len(self.body))),)
        lines = [f"HTTP/1.1 {self.status} {_reason(self.status)}"]
        lines += [f"{name}: {value}" for name, value in (*self._standard(), *frame, *self.headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")

    def _standard(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Content-Type", self.content_type),
            ("facebook-api-version", "v1.0"),
            ("Cache-Control", "private, no-cache, no-store, must-revalidate"),
        )


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def json_answer(content: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode())
