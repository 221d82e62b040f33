"""The command line: `python -m tl_core COMMAND`."""

from tl_core.cli.main import main

__all__ = ["main"]
