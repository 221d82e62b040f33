"""Processes beside the dashboard: `python -m tl_core.worker`."""
