"""The Grafana dashboards, generated as classic JSON."""
