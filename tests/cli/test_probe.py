"""The depth probe from a terminal."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SMALL, Lab, Said, in_this_process, last_object
from tl_core import store
from tl_core.backbones import BACKBONES
from tl_core.cli import output
from tl_core.cli.main import run
from tl_core.records import from_json
from tl_core.results.depth_probe import Probe

CUTS = BACKBONES["EfficientNetLite0"].cut_names


@pytest.fixture(scope="module")
def told(folder: Path) -> Said:
    """What the probe prints for people, where a run has left the features of the last block."""
    said = in_this_process("probe", *SMALL, "--models", folder)
    assert said.status == 0, said.err
    return said


@pytest.mark.slow
def test_blocks_are_told_to_people_and_programs(told: Said, lab: Lab, folder: Path) -> None:
    runs, lines = store.runs(folder), told.out.splitlines()
    assert "3 classes; images: " in lines[0]
    assert [line.split()[0] for line in lines[3 : 3 + len(CUTS)]] == list(CUTS)
    values = last_object(lab("probe", *SMALL, "--models", folder, "--json"))
    reading = values.pop("reading")
    found = from_json(Probe, values)
    assert reading == found.reading and reading in told.out.replace("\n  ", " ")
    assert f"{found.depths[-1].ridge.accuracy:.3f}" in lines[2 + len(CUTS)]
    assert store.runs(folder) == runs


@pytest.mark.slow
def test_a_narrow_terminal_shows_the_columns_that_matter(
    told: Said, lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output.out, "width", 80)
    row = next(line for line in lab("probe", *SMALL, "--models", folder).out.splitlines() if line.startswith("final"))
    wide = next(line for line in told.out.splitlines() if line.startswith("final"))
    assert len(row) <= 80 < len(wide) and " to " in row


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("feature-extractoin",), "Did you mean feature-extraction"),
        (("feature-extraction", "--data", "folder:nowhere"), "nowhere"),
        (("feature-extraction", "--set", "backbone.name=VGG61"), "VGG16"),
    ],
)
def test_what_cannot_be_probed_is_said_in_a_sentence(lab: Lab, arguments: tuple[str, ...], said: str) -> None:
    refused = lab("probe", *arguments)
    assert refused.status == 2
    assert len(refused.errors) == 1 and said in refused.errors[0]


@pytest.mark.slow
def test_ctrl_c_ends_it_with_nothing_half_made(
    models: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = output.Bar.__call__

    def pressed(bar: output.Bar, *step: Any) -> None:
        if list(models.rglob(".tmp-*")):
            os.kill(os.getpid(), signal.SIGINT)
        shown(bar, *step)

    monkeypatch.setattr(output.Bar, "__call__", pressed)
    data = "playground:classes=3,images_per_class=40"
    assert run(["probe", "feature-extraction", "--data", data, "--set", "data.image_size=64"]) == 130
    assert "Stopped by SIGINT" in capfd.readouterr().err
    assert not list(models.rglob("index.json"))
