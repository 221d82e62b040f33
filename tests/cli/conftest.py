"""The command line as tests use it: in this process, as a child process, and on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tl_core import store

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


def in_this_process(*arguments: str | Path) -> Said:
    """Runs a command here, for what outlives a test; a test has `lab`."""
    from tl_core.cli.main import run

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = run([str(argument) for argument in arguments])
    return Said(status, out.getvalue(), err.getvalue())


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


@dataclass(frozen=True)
class Trained:
    """A models folder with one run of three epochs, and what the command that trained it printed."""

    folder: Path
    run: store.Run
    said: Said


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run that all tests of the command line share: `folder` is a copy that a module may change."""
    folder = tmp_path_factory.mktemp("cli-models")
    said = in_this_process("train", *SMALL, "--set", "train.epochs=3", "--json", "--models", folder)
    assert said.status == 0, said.err
    return Trained(folder, store.find_run(folder, last_object(said)["run"]), said)


@pytest.fixture(scope="module")
def folder(trained_once: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module's own copy of the models folder of `trained_once`, with its features."""
    return Path(shutil.copytree(trained_once.folder, tmp_path_factory.mktemp("copied") / "models"))


@pytest.fixture
def parent(trained_once: Trained, folder: Path) -> store.Run:
    """The run of `trained_once`, in the module's own copy."""
    return store.find_run(folder, trained_once.run.id)
