"""Why targets are missed, by row, as docs/performance.md tells it of those that are."""

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "scrape-all-changed-and-rendering": "prometheus_client's server makes the text of all series in"
    " one go; here each account's is made alone, and compared with what it was. That is spread over"
    " a minute of polls and only the scrape is waited for, which `scrape-all-changed` is.",
}
