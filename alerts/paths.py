from pathlib import Path

_ROOT = Path(__file__).parents[1]
RULES = _ROOT / "alerts" / "threads-exporter.rules.yaml"
PROMETHEUS_RULE = _ROOT / "deploy" / "kube-prometheus" / "prometheus-rule.yaml"
ALERTMANAGER = _ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
PAGE = _ROOT / "docs" / "alerts.md"
