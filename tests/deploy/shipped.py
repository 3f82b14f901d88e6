"""What deploy/ ships, read from its files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RULES = ROOT / "alerts/threads-exporter.rules.yaml"
DEMO_RULES = DEPLOY / "prometheus/demo.rules.yaml"


def read(name: str) -> Any:  # noqa: ANN401 — any YAML
    """Return what a file of deploy/ says."""
    return yaml.safe_load((DEPLOY / name).read_text("utf-8"))


def alerts(rules: Path = RULES) -> Iterator[Mapping[str, Any]]:
    for group in yaml.safe_load(rules.read_text("utf-8"))["groups"]:
        yield from (rule for rule in group["rules"] if "alert" in rule)
