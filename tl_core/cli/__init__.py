"""The command line: `python -m tl_core COMMAND`, a module a family of commands."""

from tl_core.cli.main import main

__all__ = ["main"]
