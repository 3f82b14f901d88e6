"""Who may ask, and how often: what the web configuration file says of requests."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.clock import Clock
from exporter.config.web_settings import RateLimit, WebSettings
from exporter.secret import Secret
from exporter.web.answers import text
from exporter.web.api.answers import refused
from exporter.web.api.codes import ERRORS, ErrorCode, RefusedError
from exporter.web.api.credentials import presented_token
from exporter.web.bucket import Bucket
from exporter.web.passwords import Credentials, Passwords, presented_credentials
from exporter.web.workers import TooBusyError

OPEN_PATHS = ("/-/healthy", "/-/ready")
_API = "/api/"
_FAILURES = 10
_SECONDS_PER_FAILURE = 6.0
_ADDRESSES = 1024
_GUESSING = "Too many wrong credentials."


class Attempts:
    """How many wrong credentials each address may still present."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def of(self, client: tuple[str, int] | None) -> Bucket:
        address = _network(client[0]) if client else ""
        bucket = self._buckets.pop(address, None)
        if bucket is None:
            bucket = Bucket(self._clock, _SECONDS_PER_FAILURE, _FAILURES)
        self._buckets[address] = bucket
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket


def _network(host: str) -> str:
    """Return what one client can change no more easily than its address."""
    address = ip_address(host)
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))
    return host


class Guard:
    """Lets through what is within the rate limit and has credentials.

    A valid token of the registration API is enough for it: a request has room for one of both.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Callable[[], WebSettings],
        is_api_token: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        self._app = app
        self._settings = settings
        self._is_api_token = is_api_token
        self._clock = clock
        self._passwords = Passwords()
        self._attempts = Attempts(clock)
        self._limit: RateLimit | None = None
        self._bucket: Bucket | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            settings = self._settings()
            self._keep_within(settings.rate_limit)
            if settings.users and scope["path"] not in OPEN_PATHS:
                await self._require_credentials(settings.users, scope)
        except RefusedError as refusal:
            await _answer(refusal, scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _keep_within(self, limit: RateLimit | None) -> None:
        if limit != self._limit:
            self._limit = limit
            self._bucket = Bucket(self._clock, limit.interval, limit.burst) if limit else None
        if self._bucket is not None:
            _take(self._bucket, "Too many requests for rate_limit of the web configuration.")

    async def _require_credentials(self, users: Mapping[str, Secret], scope: Scope) -> None:
        headers, attempts = Headers(scope=scope), self._attempts.of(scope["client"])
        given = presented_credentials(headers)
        if given is not None:
            await self._check(users, given, attempts)
            return
        token = presented_token(headers) if scope["path"].startswith(_API) else None
        if token is None:
            raise _unauthorized()
        if not self._is_api_token(token):
            _take(attempts, _GUESSING)
            raise _unauthorized()

    async def _check(
        self, users: Mapping[str, Secret], given: Credentials, attempts: Bucket
    ) -> None:
        is_right = self._passwords.remembered(users, given)
        if is_right is None:
            _take(attempts, _GUESSING)
            is_right = await self._check_anew(users, given)
            if is_right:
                attempts.give_back()
        if not is_right:
            raise _unauthorized()

    async def _check_anew(self, users: Mapping[str, Secret], given: Credentials) -> bool:
        try:
            return await self._passwords.check(users, given)
        except TooBusyError:
            raise _later(ErrorCode.TOO_BUSY, "Too many passwords are being checked.", 1) from None


def _unauthorized() -> RefusedError:
    message = "Send a name and a password of basic_auth_users; below /api/, the API's token does."
    return RefusedError(ErrorCode.UNAUTHORIZED, message, headers={"www-authenticate": "Basic"})


def _take(bucket: Bucket, complaint: str) -> None:
    if wait := bucket.take():
        raise _later(ErrorCode.RATE_LIMITED, complaint, wait)


def _later(code: ErrorCode, message: str, seconds: float) -> RefusedError:
    return RefusedError(code, message, headers={"retry-after": str(max(1, ceil(seconds)))})


def _answer(refusal: RefusedError, scope: Scope) -> Response:
    if scope["path"].startswith(_API):
        return refused(refusal)
    return text(refusal.message, status=ERRORS[refusal.code].status, headers=dict(refusal.headers))
