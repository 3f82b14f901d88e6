"""What the exporter's own web server is asked, and which connections it ended."""

from dashboards import looks, measures
from dashboards.panels import Graph
from dashboards.promql import CHOSEN


def web_server() -> tuple[Graph, ...]:
    return _connections(), _ended()


def _connections() -> Graph:
    return Graph(
        "Connections and requests",
        "Open connections to the exporter, and requests that it is answering, the scrape's own"
        " among them; the most in each step.",
        {
            "connections {{instance}}": _most("threads_exporter_http_connections"),
            "requests {{instance}}": _most("threads_exporter_http_requests_in_flight"),
        },
        looks.COUNT,
        height=6,
    )


def _most(name: str) -> str:
    return f"max by (instance) (max_over_time({CHOSEN.series(name, '$__rate_interval')}))"


def _ended() -> Graph:
    ended = CHOSEN.series("threads_exporter_http_connections_rejected_total")
    return Graph(
        "Connections ended, by reason",
        "Connections that the exporter ended. full: there was no room for one more; evicted: it was"
        " idle, and a new one needed its place; handshake: TLS failed; request: it did not arrive"
        " in time; response: the client did not take it in time.",
        {"{{reason}}": measures.rates_that_happened(ended, "reason")},
        looks.PER_MINUTE,
        height=6,
        stacked=True,
        nothing="None was ended",
    )
