from starlette.responses import JSONResponse, Response

from exporter.clock import Clock
from exporter.web.api.account_json import account_json
from exporter.web.api.backend import ApiBackend
from exporter.web.api.calls import Call
from exporter.web.api.parameters import cursor_after, read_account_page


class Accounts:
    """The landing page's table, for programs."""

    def __init__(self, backend: ApiBackend, clock: Clock) -> None:
        self._backend = backend
        self._clock = clock

    def page(self, call: Call) -> Response:
        limit, after = read_account_page(call.query)
        accounts, now = self._backend.accounts(), self._clock.wall()
        names = sorted(name for name in accounts if name > after)
        page = names[:limit]
        content = {
            "accounts": [account_json(accounts[name], now) for name in page],
            "next_cursor": cursor_after(page[-1]) if len(names) > limit else None,
        }
        return JSONResponse(content)
