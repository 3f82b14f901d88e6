"""Draws the dashboards with Grafana's own libraries, on a real Prometheus that scrapes an exporter.

What they leave to Grafana's server is written anew in renderer/: the Prometheus data source, and
the gauge and the state timeline. Annotations are not drawn.
"""
