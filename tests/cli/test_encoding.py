"""Names in any script on a terminal that lacks their letters: replaced, never a traceback."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import LAB
from tests.each import for_each
from tests.pages.folders import add_run
from tl_core.cli.main import lab as commands
from tl_core.cli.main import run

NAMES = ("\u00e9t\u00e9", "\u732b", "<5mm")


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """Three classes, one of them in two folders: with a composed and with a decomposed name."""
    root = tmp_path / "\u52a8\u7269"
    for place, name in enumerate((*NAMES, unicodedata.normalize("NFD", NAMES[0]))):
        (root / name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (8, 8), (place, number, 0)).save(root / name / f"{name}{number}.png")
    return root


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, models: Path):
    """Runs a command whose output has an encoding: (exit status, what it printed, both streams)."""

    def call(encoding: str, *arguments: str) -> tuple[int, str]:
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        status = run(list(arguments))
        for stream in streams:
            stream.flush()
        return status, "".join(stream.buffer.getvalue().decode(encoding, "replace") for stream in streams)  # type: ignore[attr-defined]

    return call


@for_each("encoding", ["ascii", "cp1252"])
def test_what_the_terminal_cannot_show_is_replaced(encoding, printed, animals: Path, models: Path) -> None:
    made = add_run(models, "\u732b \u00e9t\u00e9")
    (made.folder / "report").mkdir(exist_ok=True)
    for arguments in (
        ("plan", "feature-extraction", "--data", f"folder:{animals}"),
        ("plan", "feature-extraction", "--data", f"folder:{animals}", "--json"),
        ("spec", "feature-extraction", "--data", f"folder:{animals}"),
        ("runs",),
        ("show", "last"),
        ("datasets",),
        ("settings",),
    ):
        status, said = printed(encoding, *arguments)
        assert status == 0, said
    status, said = printed(encoding, "plan", "feature-extraction", "--data", f"folder:{animals}\u732b")
    assert status == 2
    assert "there is no folder" in said
    assert "?" in said


def test_every_command_has_help_where_only_ascii_can_be_shown(printed) -> None:
    # Click itself prints UTF-8 where Python took the terminal for one of ASCII alone.
    for name in commands.commands:
        assert printed("ascii", name, "--help")[0] == 0


def test_nothing_is_left_out_of_a_plan_where_utf_8_mode_is_off(animals: Path) -> None:
    bare = {**os.environ, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    command = [*LAB, "plan", "feature-extraction", "--data", f"folder:{animals}"]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 classes; images: ")
    assert "skipped" not in done.stdout.splitlines()[0]
