"""The command weights: what is here, how to get the others, and bringing a file in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Lab
from tests.weights_files import mobilenet, vgg16, write_legacy
from tl_core.backbones import BACKBONES
from tl_core.backbones.weights import location

SLIM = BACKBONES["MobileNet-0.25"]


@pytest.fixture(autouse=True)
def _keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("TL_WEIGHTS_URL", raising=False)


def last_object(text: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(text.splitlines()[-1])
    return made


def listed(lab: Lab, name: str) -> dict[str, Any]:
    (row,) = [row for row in last_object(lab("weights", "--json").out)["weights"] if row["backbone"] == name]
    return row


def test_the_list_has_size_address_checksum_and_licence_of_each(lab: Lab) -> None:
    said, row = lab("weights").out, BACKBONES["VGG16"]
    for part in (
        "to download",
        "58.9 MB",
        row.weights.url,
        f"MD5 {row.weights.checksum}",
        row.licence,
        str(location(row.weights)),
    ):
        assert part in said
    assert f"SHA-256 {BACKBONES['ConvNeXtTiny'].weights.checksum}" in said
    found = listed(lab, "VGG16")
    assert (found["present"], found["origin"], found["algorithm"]) == (False, "keras", "MD5")
    assert listed(lab, "EfficientNetLite0")["origin"] == "lab"


def test_a_file_is_brought_in_and_is_then_in_the_list(lab: Lab, tmp_path: Path) -> None:
    file = write_legacy(tmp_path / "stick" / SLIM.weights.file, mobilenet(0.25))
    said = lab("weights", "--import", file)
    assert said.status == 0
    assert str(location(SLIM.weights)) in "".join(said.out.split()), "long lines are broken"
    found = listed(lab, SLIM.name)
    assert (found["present"], found["origin"]) == (True, "imported")
    again = last_object(lab("weights", "--import", file, "--json").out)
    assert (again["backbone"], again["already"], again["checked"]) == (SLIM.name, True, False)


def test_a_file_that_is_refused_changes_nothing(lab: Lab, tmp_path: Path) -> None:
    file = write_legacy(tmp_path / "stick" / SLIM.weights.file, mobilenet(0.25))
    said = lab("weights", "--import", file, "--network", "ResNet50")
    assert said.status == 2
    assert "these are the weights of MobileNet-0.25, you asked for ResNet50" in said.err
    assert not location(SLIM.weights).exists()
    assert "Did you mean ResNet50" in lab("weights", "--import", file, "--network", "Resnet").err
    assert lab("weights", "--network", "ResNet50").status == 2


def test_verifying_fails_if_a_file_is_not_the_published_one(lab: Lab) -> None:
    write_legacy(location(SLIM.weights), mobilenet(0.25))
    fine = lab("weights", "--verify")
    assert fine.status == 0
    lines = {line.split()[0]: line for line in fine.out.splitlines() if line}
    assert "as published: MD5" in lines["EfficientNetLite0"]
    assert "none published; SHA-256" in lines[SLIM.name]
    write_legacy(location(BACKBONES["VGG16"].weights), vgg16())
    wrong = lab("weights", "--verify", "--json")
    assert wrong.status == 1
    assert "1 file is not the published one: VGG16" in wrong.err
    assert {row["backbone"]: row["matches"] for row in last_object(wrong.out)["verified"]}["VGG16"] is False
