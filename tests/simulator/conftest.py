from dataclasses import dataclass

import pytest
import requests

from exporter.simulator import Simulator, User


@dataclass(frozen=True)
class Caller:
    """A caller of the simulated API that shows a token in the header."""

    base_url: str
    token: str

    def get(self, path: str, **parameters: str) -> requests.Response:
        return requests.get(
            f"{self.base_url}/{path}", params=parameters, headers=self._headers(), timeout=30
        )

    def post(self, path: str, **form: str) -> requests.Response:
        return requests.post(
            f"{self.base_url}/{path}", data=form, headers=self._headers(), timeout=30
        )

    def quotas(self, fields: str) -> object:
        return self.get("me/threads_publishing_limit", fields=fields).json()["data"][0]

    def container(self, container_id: str) -> object:
        return self.get(container_id, fields="status,error_message").json()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def error_of(response: requests.Response) -> tuple[int, object, object]:
    """Return the HTTP status, the code and the subcode."""
    error = response.json()["error"]
    return response.status_code, error["code"], error.get("error_subcode")


@pytest.fixture
def caller(simulator: Simulator, acme: User) -> Caller:
    return Caller(simulator.base_url, acme.token.value)
