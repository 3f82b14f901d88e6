"""What the exporter is made of: whether it is safe to ship, and what it is."""
