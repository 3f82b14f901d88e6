"""A bare loop of requests: what calls alone cost who uses the library as its manual shows."""

import sys
from collections.abc import Iterable
from itertools import cycle, islice, repeat
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from benchmarks.children.commands import obey
from benchmarks.children.threads import in_threads

_HEADERS = {"Authorization": "Bearer sim-token-000000"}
_FIELDS = "quota_usage,config,reply_quota_usage,reply_config"


class SessionLoop:
    """Calls from several threads, each as fast as it can."""

    def __init__(self, base_url: str, ca_file: Path, threads: int) -> None:
        self._url = f"{base_url}/17841400000000000/threads_publishing_limit?fields={_FIELDS}"
        self._threads = threads
        self._shared = self._session(ca_file)
        self._frugal = [self._session(ca_file) for _ in range(threads)]
        for session in self._frugal:
            session.trust_env = False

    def _session(self, ca_file: Path) -> requests.Session:
        session = requests.Session()
        session.verify = str(ca_file)
        session.mount("https://", HTTPAdapter(pool_maxsize=self._threads))
        return session

    def calls(self, number: int) -> None:
        """Call by one session for all threads."""
        self._run(repeat(self._shared, number))

    def frugal_calls(self, number: int) -> None:
        """Call by as many sessions as threads, which look at nothing of the environment."""
        self._run(islice(cycle(self._frugal), number))

    def _run(self, sessions: Iterable[requests.Session]) -> None:
        in_threads(self._threads, self._call, sessions)

    def _call(self, session: requests.Session) -> None:
        answer = session.get(self._url, headers=_HEADERS, timeout=10)
        if answer.status_code != requests.codes.ok or not answer.content:
            raise RuntimeError(f"answered {answer.status_code}")


def main() -> None:
    base_url, ca_file, threads = sys.argv[1:]
    loop = SessionLoop(base_url, Path(ca_file), int(threads))
    obey({"calls": loop.calls, "frugal calls": loop.frugal_calls})


if __name__ == "__main__":
    main()
