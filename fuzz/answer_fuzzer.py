"""An answer's body: a good answer of an endpoint, an error, or neither."""

from exporter.domain import Endpoint
from exporter.threads_api.http import HttpAnswer
from fuzz.replies import check_answer


def fuzz(data: bytes) -> None:
    for endpoint in Endpoint:
        check_answer(endpoint, HttpAnswer(200, {}, data))
    # What failed is told apart without a look at what was asked.
    check_answer(Endpoint.ME, HttpAnswer(400, {}, data))
