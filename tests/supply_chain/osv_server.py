import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

KNOWN: Final[Mapping[tuple[str, str], str]] = {
    ("urllib3", "2.2.0"): "CVE-2024-37891",
    ("urllib3", "2.2.1"): "CVE-2024-37891",
}
NOTHING: Final[Mapping[tuple[str, str], str]] = {}


class _OsvServer(ThreadingHTTPServer):
    def __init__(self, known: Mapping[tuple[str, str], str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.known = known


class _Handler(BaseHTTPRequestHandler):
    server: _OsvServer

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = self.server.known.get((query["package"]["name"], query["version"]))
        body = json.dumps({} if found is None else {"vulns": [_entry(query, found)]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing: pip-audit tells what it was answered."""


def _entry(query: Mapping[str, object], alias: str) -> Mapping[str, object]:
    events = [{"introduced": "0"}, {"fixed": "2.2.2"}]
    return {
        "id": "GHSA-34jh-p97f-mpxf",
        "aliases": [alias],
        "summary": "Proxy-Authorization is kept across redirects",
        "published": "2024-06-17T21:37:20Z",
        "affected": [
            {"package": query["package"], "ranges": [{"type": "ECOSYSTEM", "events": events}]}
        ],
    }


@contextmanager
def osv_server(known: Mapping[tuple[str, str], str] = KNOWN) -> Iterator[str]:
    """Answer as OSV does, and yield where."""
    with _OsvServer(known) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            server.shutdown()
            thread.join()
