"""Metrics, reports, export and predictions of trained networks."""
