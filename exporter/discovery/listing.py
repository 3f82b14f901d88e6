import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from exporter.config.document import MAX_BYTES
from exporter.config.durations import format_duration
from exporter.config.settings import AccountHttpSd
from exporter.domain import FailureReason
from exporter.secret import Secret
from exporter.threads_api.http import HttpTransport, NoAnswerError
from exporter.threads_api.network import Network
from exporter.version import VERSION

LONGEST_ASK_SECONDS = 30.0

_JSON = re.compile(r'\s*application/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?', re.IGNORECASE)
_AUTHORIZATION_NEEDED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_NO_ANSWER: Mapping[FailureReason, str] = {
    FailureReason.CONNECT: "cannot be reached: see whether it listens, and what is between",
    FailureReason.DNS: "its host name has no address",
    FailureReason.TLS: "TLS failed: ca_file names the certificates to trust",
    FailureReason.TIMEOUT: "gave no whole answer within {timeout}",
    FailureReason.TRUNCATED: "its answer broke off",
    FailureReason.TOO_LARGE: f"its answer is larger than {MAX_BYTES >> 20} MiB",
    FailureReason.MALFORMED: "its answer is not HTTP as it should be",
    FailureReason.INTERNAL: "could not be asked, by a fault of the exporter",
}


class ListingError(Exception):
    """No list was had; the message tells why and what helps, with nothing of the answer."""


class Listing:
    """Where a source lists its accounts, as Prometheus' HTTP service discovery is asked.

    It is asked directly: `api.proxy_url` and `api.ca_file` are for Meta.
    """

    def __init__(self, settings: AccountHttpSd, network: Network) -> None:
        url = urlsplit(settings.url)
        self.host = url.netloc
        self._url = url._replace(path=url.path or "/").geturl()
        self.timeout = min(settings.refresh_interval, LONGEST_ASK_SECONDS)
        self._transport = HttpTransport(
            network=network,
            timeout=self.timeout,
            user_agent=f"threads-exporter/{VERSION}",
            ca_file=settings.ca_file,
        )
        self._headers = {"X-Prometheus-Refresh-Interval-Seconds": f"{settings.refresh_interval:g}"}

    def fetch(self, bearer: Secret | None) -> bytes:
        """Return the document; raises ListingError."""
        try:
            answer = self._transport.get(
                self._url, {}, bearer, headers=self._headers, max_body_bytes=MAX_BYTES
            )
        except NoAnswerError as error:
            timeout = format_duration(self.timeout)
            raise ListingError(_NO_ANSWER[error.reason].format(timeout=timeout)) from None
        finally:
            self._transport.close()
        if answer.status != HTTPStatus.OK:
            raise ListingError(_explained(answer.status))
        if not _JSON.fullmatch(answer.headers.get("Content-Type", "")):
            raise ListingError("its answer has not the Content-Type application/json")
        return answer.body


def _explained(status: int) -> str:
    if status // 100 == 3:
        return f"answered with {status}: redirects are not followed, write where it leads to"
    if status in _AUTHORIZATION_NEEDED:
        return f"answered with {status}: see what authorization_file holds"
    return f"answered with {status} in place of 200"
