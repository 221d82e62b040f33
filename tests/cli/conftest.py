"""The command line as tests use it: in this process, as a child process, and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

LAB = (sys.executable, "-m", "tl_core")
Lab = Callable[..., "Said"]


@dataclass(frozen=True)
class Said:
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The sentences on standard error."""
        return [line.removeprefix("error: ") for line in self.err.splitlines() if line.startswith("error: ")]


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str], models: Path) -> Lab:
    """Runs a command in this process: `lab("runs", "--json")`."""
    from tl_core.cli.main import run

    def call(*arguments: str | Path) -> Said:
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        return Said(status, *capsys.readouterr())

    return call


def in_process(*arguments: str | Path, stdin: str | None = None) -> Said:
    """Runs a command as a process of its own."""
    done = subprocess.run(
        [*LAB, *map(str, arguments)], capture_output=True, text=True, input=stdin, timeout=300, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


def on_terminal(arguments: Sequence[str | Path], columns: int = 80) -> tuple[int, str]:
    """Runs a command on a terminal of its own: its exit status and everything the terminal received."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LINES": "40"}
    process = subprocess.Popen(
        [*LAB, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    received, deadline = b"", time.monotonic() + 300
    while time.monotonic() < deadline and (piece := _piece(ours, process)) is not None:
        received += piece
    os.close(ours)
    return process.wait(timeout=10), received.decode()


def _piece(terminal: int, process: subprocess.Popen[bytes]) -> bytes | None:
    """What came next; None at the end."""
    if not select.select([terminal], [], [], 0.2)[0]:
        return b"" if process.poll() is None else None
    try:
        return os.read(terminal, 65536) or None
    except OSError:  # Linux says so when the last process has closed the terminal.
        return None


def plain(text: str) -> str:
    """What a terminal received, without colours and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "\n")


SOURCE = "playground:classes=3,images_per_class=20"
SMALL = ("feature-extraction", "--data", SOURCE, "--set", "data.image_size=64")
"""What makes a run of a second or two."""


def last_object(said: Said) -> dict[str, Any]:
    """The JSON object a command printed as its last line."""
    made = json.loads(said.out.splitlines()[-1])
    assert isinstance(made, dict)
    return made
