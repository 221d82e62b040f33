"""What a file of weights holds is told from its outline, for both layouts of Keras."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import h5py
import pytest

from tests.weights_files import mobilenet, vgg16, with_classifier, write_keras3, write_legacy
from tl_core.backbones import BACKBONES, stored
from tl_core.backbones.stored import Stored, networks_of, read

TWINS = ("MobileNetV2", "MobileNetV2PyTorch")


class _Twin(Stored):
    """Has the shapes of MobileNetV2."""

    @property
    def digest(self) -> str:
        return stored.known_digests()["MobileNetV2"][0]


def test_the_network_of_a_file_is_told_in_both_layouts(tmp_path: Path) -> None:
    legacy = read(write_legacy(tmp_path / "one.h5", vgg16()))
    current = read(write_keras3(tmp_path / "one.weights.h5", vgg16()))
    assert networks_of(legacy) == networks_of(current) == ("VGG16",)
    assert legacy.layers == tuple(name for name, _ in vgg16())
    assert sorted(current.layers) == sorted(legacy.layers)
    assert (legacy.legacy, current.legacy) == (True, False)
    assert networks_of(read(write_legacy(tmp_path / "two.h5", mobilenet(0.25)))) == ("MobileNet-0.25",)
    assert networks_of(read(write_legacy(tmp_path / "three.h5", mobilenet(0.5)))) == ("MobileNet-0.5",)


def test_neither_names_nor_the_order_of_layers_matter(tmp_path: Path) -> None:
    renamed = [(f"conv2d_{number}/of_keras_1", shapes) for number, (_, shapes) in enumerate(reversed(vgg16()))]
    assert networks_of(read(write_legacy(tmp_path / "old.h5", renamed))) == ("VGG16",)


def test_a_file_of_a_whole_network_and_one_with_very_many_layers_are_read(tmp_path: Path) -> None:
    assert networks_of(read(write_legacy(tmp_path / "whole.h5", vgg16(), inside="model_weights"))) == ("VGG16",)
    assert networks_of(read(write_legacy(tmp_path / "long.h5", mobilenet(), cut=9))) == ("MobileNet-0.25",)


def test_what_training_left_in_a_file_is_no_weight_of_the_network(tmp_path: Path) -> None:
    assert networks_of(read(write_keras3(tmp_path / "trained.weights.h5", vgg16(), trained=True))) == ("VGG16",)


def test_a_network_that_differs_in_one_channel_is_none_of_the_table(tmp_path: Path) -> None:
    *layers, (name, _) = vgg16()
    assert networks_of(read(write_legacy(tmp_path / "other.h5", [*layers, (name, ((3, 3, 512, 511), (511,)))]))) == ()


def test_a_classifier_of_imagenet_is_noticed(tmp_path: Path) -> None:
    assert read(write_legacy(tmp_path / "whole.h5", with_classifier(vgg16()))).has_classifier
    assert not read(write_legacy(tmp_path / "notop.h5", vgg16())).has_classifier


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not an HDF5 file"),
        (b"<html>404</html>", "not an HDF5 file"),
        (lambda whole: whole[: len(whole) // 2], "it is cut off: "),
        (lambda whole: whole[:-1], "it is cut off: "),
    ],
    ids=["empty", "page", "half", "all_but_a_byte"],
)
def test_a_file_that_is_none_or_cut_off_says_so(tmp_path: Path, content, says: str) -> None:
    path = write_legacy(tmp_path / "file.h5", vgg16())
    path.write_bytes(content(path.read_bytes()) if callable(content) else content)
    with pytest.raises(ValueError, match=says):
        read(path)


def test_an_hdf5_file_without_weights_and_one_with_dangling_names_are_no_weights(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no weights of Keras"):
        read(write_keras3(tmp_path / "empty.h5", []))
    path = write_legacy(tmp_path / "dangling.h5", vgg16())
    with h5py.File(path, "r+") as file:
        del file["block1_conv1"]
    with pytest.raises(ValueError, match="damaged"):
        read(path)


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan asks on every run of the page."""
    path, opened = write_legacy(tmp_path / "file.h5", vgg16()), []
    outline = stored.outline
    monkeypatch.setattr(stored, "outline", lambda content: opened.append(1) or outline(content))
    assert networks_of(read(path)) == networks_of(read(path)) == ("VGG16",)
    assert len(opened) == 1
    write_legacy(path, mobilenet())
    os.utime(path, ns=(1, 1))
    assert networks_of(read(path)) == ("MobileNet-0.25",)


def test_every_network_is_in_the_table_of_shapes_and_told_from_all_others_but_the_twins() -> None:
    known = stored.known_digests()
    assert list(known) == list(BACKBONES.names)
    owners = Counter(digest for digests in known.values() for digest in digests)
    shared = {name for name, digests in known.items() for digest in digests if owners[digest] > 1}
    assert shared == set(TWINS)


def test_twins_of_the_same_shapes_are_told_by_the_names_of_their_layers() -> None:
    names = {name: [cut.layer for cut in BACKBONES[name].cuts] for name in TWINS}

    def found(*layers: str) -> tuple[str, ...]:
        return networks_of(_Twin(layers, (), legacy=True))

    assert found(*names["MobileNetV2"]) == ("MobileNetV2",)
    assert found(*names["MobileNetV2PyTorch"]) == ("MobileNetV2PyTorch",)
    assert found() == found("elsewhere") == TWINS
