"""The depth probe from a terminal."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import LAB, SMALL, Lab, last_object, on_terminal, plain
from tl_core.backbones import BACKBONES
from tl_core.results.depth_probe import read_probe

CUTS = BACKBONES["EfficientNetLite0"].cut_names


@pytest.mark.slow
def test_blocks_are_told_to_people_and_programs(lab: Lab, models: Path) -> None:
    told = lab("probe", *SMALL)
    assert told.status == 0, told.err
    lines = told.out.splitlines()
    assert "3 classes; images: " in lines[0]
    assert [line.split()[0] for line in lines[3 : 3 + len(CUTS)]] == list(CUTS)
    said = lab("probe", *SMALL, "--json")
    values = last_object(said)
    reading = values.pop("reading")
    found = read_probe(values)
    assert reading == found.reading and reading in told.out.replace("\n  ", " ")
    assert f"{found.depths[-1].ridge.accuracy:.3f}" in lines[2 + len(CUTS)]
    assert not (models / "runs").exists()


@pytest.mark.slow
def test_a_narrow_terminal_shows_progress_and_the_columns_that_matter(models: Path) -> None:
    status, text = on_terminal(["probe", *SMALL, "--models", models], columns=80)
    assert status == 0
    assert "Computing features" in plain(text)
    row = next(line for line in plain(text).splitlines() if line.startswith("final"))
    assert len(row) <= 80 and " to " in row


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
def test_ctrl_c_ends_it_with_nothing_half_made(models: Path) -> None:
    data = "playground:classes=12,images_per_class=200"
    command = [*LAB, "probe", "feature-extraction", "--data", data, "--models", str(models)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not list(models.rglob(".tmp-*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped by SIGINT" in error
    assert not list(models.rglob("index.json"))
