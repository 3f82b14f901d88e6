"""Why targets are missed, by row, as docs/performance.md tells it of those that are."""

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "scrape-all-changed-and-rendering": "prometheus_client's server makes the text of all series in"
    " one go; here each account's is made alone, and compared with what it was. That is spread over"
    " a minute of polls and only the scrape is waited for, which `scrape-all-changed` is.",
    "register-singly": "uvicorn and starlette alone answer 1 900 to 3 100 requests a second of"
    " these clients, without a store; and each container is asked about within a second, which is a"
    " call for each on the same processor.",
    "register-in-batches": "each container is asked about within a second: what is registered while"
    " thousands of calls are due shares one interpreter with them.",
}
