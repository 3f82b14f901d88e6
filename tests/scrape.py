"""What a scrape holds, read by prometheus_client's own parsers."""

from dataclasses import dataclass
from io import StringIO

import requests
from prometheus_client.openmetrics.parser import text_fd_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_fd_to_metric_families as parse_text
from prometheus_client.samples import Sample

TEXT = "text/plain; version=0.0.4"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@dataclass(frozen=True)
class Scrape:
    samples: tuple[Sample, ...]

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of the only series with these labels, None where there is none."""
        found = self.select(name, **labels)
        assert len(found) <= 1, found
        return found[0].value if found else None

    def by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """Return the values by one label."""
        return {sample.labels[label]: sample.value for sample in self.select(name, **labels)}

    def select(self, name: str, **labels: str) -> list[Sample]:
        return [
            sample
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]


def read_scrape(answer: requests.Response) -> Scrape:
    assert answer.status_code == 200, answer.text
    openmetrics = answer.headers["Content-Type"].startswith("application/openmetrics-text")
    parse = parse_openmetrics if openmetrics else parse_text
    families = parse(StringIO(answer.content.decode()))
    return Scrape(tuple(sample for family in families for sample in family.samples))
