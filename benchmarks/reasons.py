"""Why targets are missed, by row, as docs/performance.md tells it of those that are."""

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "scrape-all-changed-and-rendering": "prometheus_client's server makes the text of all series in"
    " one go; here each account's is made alone, and compared with what it was. That is spread over"
    " a minute of polls and only the scrape is waited for, which `scrape-all-changed` is.",
    "scrape-polling-p99": "a scrape has new polls wait, but those that have begun go on computing"
    " beside it, on the one lock of the interpreter.",
    "poll-saturated": "this machine's speed varies by more than the distance: runs of one day gave"
    " 0.85 to 1.09.",
    "together-cpu": "the stock exporter manages to make two thirds of the polls that are due, and"
    " uses a whole core for that: by the poll, the exporter takes less than a third.",
    "register-singly": "uvicorn and starlette alone answer 1 900 to 3 100 requests a second of"
    " these clients, without a store; and each container is asked about within a second, which is a"
    " call for each on the same processor.",
    "register-in-batches": "each container is asked about within a second: what is registered while"
    " thousands of calls are due shares one interpreter with them.",
}
