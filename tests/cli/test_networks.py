"""The commands add-network and remove-network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Lab
from tests.keras_files import layer, small, write_network
from tests.own_networks import add_folder
from tl_core.backbones.asked import SCALINGS


def test_the_scaling_of_pixels_is_asked_before_anything_is_loaded(lab: Lab, tmp_path: Path) -> None:
    path = write_network(tmp_path / "a.keras", small())
    said = lab("add-network", path, "--name", "a", "--cuts", "conv,relu")
    assert said.status == 2
    (error,) = said.errors
    assert error.startswith("--scaling: is missing") and all(name in error for name in SCALINGS)


def test_a_file_with_code_is_refused_with_what_was_found(lab: Lab, models: Path, tmp_path: Path) -> None:
    path = write_network(tmp_path / "a.keras", small(layer("Lambda", "double", "conv")))
    said = lab("add-network", path, "--name", "a", "--scaling", "0..1", "--cuts", "conv,double")
    assert said.status == 2
    assert "its layer 'double' contains a Lambda" in said.err
    assert "Traceback" not in said.err
    assert not list((models / "networks").iterdir())


def test_a_network_is_listed_and_removed(lab: Lab, models: Path) -> None:
    made = add_folder(models)
    assert "\nown-tiny " in lab("backbones").out
    assert "own-tiny: low top" in lab("backbones").out
    assert "own-tiny" not in lab("backbones", "--models", models / "elsewhere").out
    (made.folder / "network.json").write_text("{}")
    assert "A network of your own is left out:" in lab("backbones").out
    add_folder(models)
    assert lab("remove-network", "own-tiny").out == "Removed own-tiny.\n"
    assert "own-tiny" not in lab("backbones").out
    said = lab("plan", "feature-extraction", "--set", "backbone.name=own-tiny")
    assert said.status == 2 and "Tiny was removed" in said.err
    assert lab("remove-network", "other").status == 2


@pytest.mark.slow
def test_a_network_of_ones_own_is_added_planned_and_trained(lab: Lab, models: Path, tmp_path: Path) -> None:
    from tests.engine.keras_networks import CUTS, saved, tiny

    path = saved(tiny(), tmp_path / "mine.keras")
    said = lab("add-network", path, "--name", "mine", "--scaling", "-1..1", "--cuts", ",".join(CUTS), "--json")
    assert said.status == 0, said.err
    made = json.loads(said.out.splitlines()[-1])
    assert made["name"] == "own-mine" and made["native_size"] == 32
    assert made["cuts"] == {"block1": "pool_1", "block2": "pool_2", "block3": "relu_3"}
    chosen = ("--data", "digits", "--set", "backbone.name=own-mine", "--set", "data.images_per_class=10")
    assert "100 train" in lab("plan", "feature-extraction", *chosen).out
    said = lab("train", "feature-extraction", *chosen, "--set", "train.epochs=1", "--json")
    assert said.status == 0, said.err
    again = lab("add-network", path, "--name", "mine", "--scaling", "0..1", "--cuts", ",".join(CUTS))
    assert "there is a network 'mine' already" in again.err
