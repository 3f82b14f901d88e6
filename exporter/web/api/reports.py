from starlette.responses import JSONResponse, Response

from exporter.web.api.answers import refusal_of
from exporter.web.api.backend import ApiBackend
from exporter.web.api.calls import Call
from exporter.web.api.node import parse_json
from exporter.web.api.submissions import read_report
from exporter.web.backend import UnknownAccountError


class Reports:
    """The errors that publishers got from Meta."""

    def __init__(self, backend: ApiBackend) -> None:
        self._backend = backend

    def report(self, call: Call) -> Response:
        """Classify and count an error; of its text nothing is kept, for it may hold a token."""
        report = read_report(parse_json(call.body))
        try:
            known = self._backend.report(report.account, report.error)
        except UnknownAccountError as error:
            raise refusal_of(error, "$.account") from None
        return JSONResponse(
            {
                "error": known.name,
                "category": known.category,
                "action": known.action,
                "solution": known.solution,
            }
        )
