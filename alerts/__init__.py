"""The recording and alerting rules for Prometheus, generated from one table."""
