"""A running exporter, asked over HTTP."""

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast
from urllib.parse import urlsplit

from exporter.secret import Secret

_SECONDS = 5.0
_SHOWN_BYTES = 1 << 20


class RemoteError(Exception):
    """The exporter could not be asked, or refused; the message says why."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How TLS is set up: whom to believe, without a file those whom the system does."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    is_verified: bool = True

    def context(self) -> ssl.SSLContext:
        """Return it for OpenSSL; raises RemoteError."""
        context = ssl.create_default_context()
        if not self.is_verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            if self.ca_file is not None:
                context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:
            files = ", ".join(str(file) for file in (self.ca_file, self.cert_file) if file)
            raise RemoteError(f"{files}: {error}") from None
        return context


def is_secured(url: str) -> bool:
    """Tell whether what listens there speaks TLS, without asking it for anything."""
    address = urlsplit(url)
    context = Trust(is_verified=False).context()
    try:
        with socket.create_connection((address.hostname, address.port), _SECONDS) as connection:
            context.wrap_socket(connection).close()
    except ssl.SSLError as error:
        return error.reason != "WRONG_VERSION_NUMBER"
    except OSError:
        return False
    return True


class RemoteExporter:
    """Every method raises RemoteError."""

    def __init__(self, url: str, token: Secret | None = None, trust: Trust | None = None) -> None:
        self._url = url.rstrip("/")
        self._token = token
        # An exporter is not behind the proxy that the environment names, nor in a file.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if url.startswith("https:"):
            context = (trust or Trust()).context()
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self._opener = urllib.request.build_opener(*handlers)

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
