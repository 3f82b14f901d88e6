"""A running exporter, asked over HTTP."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import IO, cast

from exporter.secret import Secret

_SECONDS = 5.0
_SHOWN_BYTES = 1 << 20


class RemoteError(Exception):
    """The exporter could not be asked, or refused; the message says why."""


class RemoteExporter:
    """Every method raises RemoteError."""

    def __init__(self, url: str, token: Secret | None = None) -> None:
        self._url = url.rstrip("/")
        self._token = token
        # An exporter is not behind the proxy that the environment names, nor in a file.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str = "") -> str:
        """Return what the exporter answers there."""
        return self._ask("GET", path)

    def track(self, account: str, container_ids: Sequence[str]) -> Mapping[str, bool]:
        """Have containers tracked, all or none; return which of them are new."""
        items = [{"account": account, "container_id": item} for item in container_ids]
        answer = self._ask("POST", "/api/v1/containers", {"containers": items})
        try:
            return {
                item["container_id"]: item["created"] for item in json.loads(answer)["containers"]
            }
        except (ValueError, KeyError, TypeError):
            raise RemoteError(f"{self._url}: answers not as an exporter does") from None

    def untrack(self, container_id: str) -> None:
        self._ask("DELETE", f"/api/v1/containers/{container_id}")

    def _ask(self, method: str, path: str, content: object = None) -> str:
        url = f"{self._url}{path}"
        headers = {"Content-Type": "application/json"} if content is not None else {}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        body = json.dumps(content).encode() if content is not None else None
        try:
            request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 — callers check the scheme
            with cast("IO[bytes]", self._opener.open(request, timeout=_SECONDS)) as answer:
                return _shown(answer)
        except urllib.error.HTTPError as error:
            raise RemoteError(f"{url}: {error}: {_explanation(_shown(error))}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise RemoteError(f"{url}: {error}") from None


def _shown(answer: IO[bytes]) -> str:
    return answer.read(_SHOWN_BYTES).decode(errors="replace").strip()


def _explanation(body: str) -> str:
    """Return the message of an error of the API, or the body as it is."""
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return body[:1000]
