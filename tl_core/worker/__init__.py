"""Worker processes: `python -m tl_core.worker`."""
