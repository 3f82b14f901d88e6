import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Alert:
    """An alert as a notification told of it."""

    receiver: str
    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.labels["alertname"]

    def has(self, **labels: str) -> bool:
        return labels.items() <= self.labels.items()


@dataclass
class WebhookSink:
    """What Alertmanager's webhook was sent, in the order of arrival."""

    url: str
    notifications: list[tuple[Alert, ...]] = field(default_factory=list)

    def firing(self, **labels: str) -> list[Alert]:
        """Return the alerts that fired, one told of again only once."""
        told = [alert for alerts in self.notifications for alert in alerts]
        fitting = [alert for alert in told if alert.status == "firing" and alert.has(**labels)]
        return list({tuple(sorted(alert.labels.items())): alert for alert in fitting}.values())


class _SinkServer(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sink = WebhookSink(f"http://127.0.0.1:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    server: _SinkServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        alerts = (
            Alert(body["receiver"], alert["status"], alert["labels"], alert["annotations"])
            for alert in body["alerts"]
        )
        self.server.sink.notifications.append(tuple(alerts))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing: what was posted is kept."""


@contextmanager
def webhook_sink() -> Iterator[WebhookSink]:
    """Collect what is posted to a port of this host."""
    with _SinkServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.sink
        finally:
            server.shutdown()
            thread.join()
