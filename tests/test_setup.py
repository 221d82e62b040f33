"""What `make setup` does where something is missing, and what the dashboard opens to the world. No package is installed here."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = ("Makefile", "pyproject.toml", "requirements.txt", "requirements-dev.txt", "requirements-weights.txt")

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="There is no make here")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has only what an installation reads; its path has a space in it."""
    folder = tmp_path / "a lab"
    folder.mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    return folder


def script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(0o755)
    return path


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, check=False)


def test_without_python_a_sentence_says_what_is_needed(project: Path) -> None:
    done = make(project, "setup", "PYTHON=nonesuch")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer, and there is no nonesuch" in done.stderr


def test_an_old_python_is_refused_with_its_version(project: Path) -> None:
    script(project / "old", 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    done = make(project, "setup", "PYTHON=./old")
    assert done.returncode != 0
    assert "3.11 or newer; this is Python 3.9.2" in done.stderr


def test_where_venv_is_missing_a_sentence_says_what_to_install(project: Path) -> None:
    script(project / "bare", 'case "$2" in *ensurepip*) exit 1;; esac')
    done = make(project, "setup", "PYTHON=./bare")
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
    assert not (project / ".venv").exists()


def test_an_installation_that_breaks_off_is_done_again_and_a_whole_one_is_not(project: Path) -> None:
    calls = project / "calls"
    script(project / ".venv" / "bin" / "python", f'echo "$@" >> "{calls}"; case "$*" in *-dev*) exit 1;; esac')
    assert make(project, "setup").returncode != 0
    script(project / ".venv" / "bin" / "python", f'echo "$@" >> "{calls}"')
    calls.write_text("")
    assert make(project, "setup").returncode == 0
    assert "requirements-dev.txt" in calls.read_text()
    calls.write_text("")
    assert make(project, "setup").returncode == 0
    assert calls.read_text() == ""


def test_optional_weights_that_cannot_be_installed_do_not_break_the_setup(project: Path) -> None:
    script(project / ".venv" / "bin" / "python", 'case "$*" in *-weights*) exit 1;; esac')
    done = make(project, "setup")
    assert done.returncode == 0
    assert "No optional weights here" in done.stderr
    assert make(project, "weights").returncode != 0


@pytest.mark.parametrize("changed", FILES[1:])
def test_what_to_install_has_changed_so_it_is_installed(project: Path, changed: str) -> None:
    calls = project / "calls"
    script(project / ".venv" / "bin" / "python", f'echo "$@" >> "{calls}"')
    assert make(project, "setup").returncode == 0
    calls.write_text("")
    later = time.time() + 2  # The clock of a file system may stand still for some milliseconds.
    os.utime(project / changed, (later, later))
    assert make(project, "setup").returncode == 0
    assert calls.read_text()


def test_help_names_every_target(project: Path) -> None:
    named = make(project, "help").stdout
    for target in ("setup", "weights", "run", "test", "unit", "test-all", "lint", "facts", "settings", "clean"):
        assert f"make {target} " in named


def test_the_dashboard_is_open_to_this_machine_only_and_reports_to_nobody() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["address"] == "127.0.0.1"
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["toolbarMode"] == "viewer"
    assert "http" not in str(config["theme"])


@pytest.mark.parametrize("look", ["light", "dark"])
def test_both_looks_have_palettes_of_the_size_streamlit_wants(look: str) -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][look]
    assert len(theme["chartSequentialColors"]) == len(theme["chartDivergingColors"]) == 10
