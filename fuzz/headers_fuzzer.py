"""The headers that tell of limits, a line for each, with good answers and with throttled ones."""

from urllib3 import HTTPHeaderDict

from exporter.domain import Endpoint
from exporter.threads_api.http import HttpAnswer
from fuzz.replies import check_answer


def fuzz(data: bytes) -> None:
    headers = HTTPHeaderDict()
    for line in data.decode("latin-1").split("\n"):
        name, _, value = line.partition(":")
        headers.add(name, value.strip())
    for status in (200, 429):
        check_answer(Endpoint.ME, HttpAnswer(status, headers, b"{}"))
