"""What is looked at in a `.keras` file before Keras makes anything of it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.each import for_each
from tests.keras_files import Layer, layer, network, small, write_network
from tl_core.backbones.keras_file import LARGEST_CONFIG, read_config
from tl_core.backbones.keras_graph import parents, separating
from tl_core.errors import BadInput


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read_config(path)
    return str(caught.value)


def test_a_plain_network_is_read_with_float32_layers_that_train_without_penalties(tmp_path: Path) -> None:
    found = read_config(write_network(tmp_path / "a.keras", small()))
    conv = found["config"]["layers"][1]["config"]
    assert conv == {"name": "conv", "dtype": "float32", "filters": 4, "trainable": True, "kernel_regularizer": None}


def custom(**changes: Any) -> Layer:
    return {**layer("Swish", "mine", "conv", module="my_package"), "registered_name": "my_package>Swish", **changes}


FUNCTION = {"module": "builtins", "class_name": "function", "config": "my_activation", "registered_name": "function"}
LAMBDA = {"module": "keras.layers", "class_name": "__lambda__", "config": {"value": "4wEA"}}
TWICE = {**layer("Conv2D", "again", "conv"), "inbound_nodes": layer("Conv2D", "again", "conv")["inbound_nodes"] * 2}
NOISY = layer("Dropout", "always", "conv")
NOISY["inbound_nodes"][0]["kwargs"]["training"] = True


@for_each(
    "config, said",
    [
        (small(layer("Lambda", "double", "conv")), "'double' contains a Lambda, which is code"),
        (small(layer("Activation", "act", "conv", activation=LAMBDA)), "Lambda, which is code"),
        (small(custom()), "'mine' needs 'my_package>Swish', which is not part of Keras"),
        (small(custom(module="keras.layers")), "needs 'my_package>Swish'"),
        (small(custom(module="os", class_name="system", registered_name=None)), "needs 'system'"),
        (small(layer("Activation", "act", "conv", activation=FUNCTION)), "needs 'my_activation'"),
        (small(layer("TFSMLayer", "graph", "conv", filepath="/tmp")), "'graph' is a TFSMLayer; accepted are"),
        (small(layer("StringLookup", "words", "conv")), "is a StringLookup"),
        (small(layer("get_file", "load", "conv", module="keras.utils")), "is a get_file"),
        (network(layer("InputLayer", "image"), network(layer("Lambda", "in", "image"))), "'in' contains a Lambda"),
        (network(layer("InputLayer", "image"), inputs=[["image", 0, 0], ["other", 0, 0]]), "has 2 inputs"),
        (
            small() | {"config": small()["config"] | {"output_layers": {"a": ["conv", 0, 0], "b": ["image", 0, 0]}}},
            "has 2 outputs",
        ),
        (small(TWICE), "'again' is used 2 times"),
        (small(NOISY), "'always' is always in training mode"),
        (small(layer("Conv2D", "first", "conv", data_format="channels_first")), "has channels first"),
        (small(layer("Conv2D", "conv", "conv")), "two of its layers are called 'conv'"),
        (layer("Conv2D", "alone"), "it is a Conv2D, not a network"),
        ({}, "describes no network"),
        ([1, 2], "describes no network"),
        ({"class_name": "Functional", "module": "keras", "config": {"layers": [3]}}, "makes no sense"),
        ({"class_name": 7, "module": None, "config": {}}, "needs"),
    ],
    ids=lambda row: row[1],
)
def test_a_file_is_refused_with_what_was_found(config: Any, said: str, tmp_path: Path) -> None:
    path = write_network(tmp_path / "a.keras", config)
    assert said in (found := refusal(path))
    assert found.startswith(f"{path}: cannot be added: ")


def test_the_code_of_a_refused_layer_never_runs(tmp_path: Path) -> None:
    """Keras would import a module that a description names."""
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    path = write_network(tmp_path / "a.keras", small(custom(module="trap", registered_name=None)))
    code = f"from pathlib import Path; from tl_core.backbones.keras_file import read_config; read_config(Path({str(path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "needs 'Swish'" in done.stderr
    assert not (tmp_path / "sprung").exists()


def test_nested_models_and_operations_are_accepted(tmp_path: Path) -> None:
    inside = network(layer("InputLayer", "inner"), layer("Conv2D", "deep", "inner"), inputs=["inner", 0, 0])
    called = {**inside, "name": "network", "inbound_nodes": layer("Conv2D", "x", "conv")["inbound_nodes"]}
    added = layer("Add", "add", "conv", "network", module="keras.src.ops.numpy")
    found = read_config(write_network(tmp_path / "a.keras", small(called, added)))
    assert [one["class_name"] for one in found["config"]["layers"]][-2:] == [inside["class_name"], "Add"]


def test_what_only_training_needed_does_not_matter(tmp_path: Path) -> None:
    loss = {"loss": {"module": "mine", "class_name": "function", "config": "my_loss"}}
    found = read_config(write_network(tmp_path / "a.keras", {**small(), "compile_config": loss}))
    assert "compile_config" not in found


@for_each(
    "name, data, said",
    [
        ("config.json", None, "contains no config.json"),
        ("model.weights.h5", None, "contains no model.weights.h5"),
        ("config.json", b" " * (LARGEST_CONFIG + 1), "its config.json unpacks to 16 MB"),
        ("model.weights.h5", b"\0" * 12_000_000, "unpack to 12 MB, as no network does"),
        ("config.json", b"{", "damaged"),
        ("config.json", b"[" * 100_000, "damaged"),
        ("metadata.json", b'{"keras_version": "2.15.0"}', "saved by Keras 2"),
    ],
    ids=lambda row: f"{row[0]}: {row[2]}",
)
def test_an_archive_is_refused_with_what_is_wrong(name: str, data: bytes | None, said: str, tmp_path: Path) -> None:
    whole = write_network(tmp_path / "whole.keras", small())
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.namelist():
            if member != name or data is not None:
                target.writestr(member, source.read(member) if member != name else data or b"")
    assert said in refusal(path)


@for_each("content", [b"", b"no archive", b"\x89HDF\r\n\x1a\n"])
def test_another_file_or_half_of_one_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.keras").write_bytes(content)
    assert "damaged or no .keras file" in refusal(tmp_path / "a.keras")
    whole = write_network(tmp_path / "whole.keras", small()).read_bytes()
    (tmp_path / "a.keras").write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refusal(tmp_path / "a.keras")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "a.keras")


def test_everything_passes_through_each_layer_of_a_chain_and_not_through_a_branch() -> None:
    chain = small(layer("ReLU", "relu", "conv"))
    assert parents(chain["config"]) == {"image": set(), "conv": {"image"}, "relu": {"conv"}}
    assert separating(parents(chain["config"])) == ["image", "conv", "relu"]
    branched = small(
        layer("Conv2D", "left", "conv"),
        layer("Conv2D", "right", "conv"),
        layer("ReLU", "further", "left"),
        layer("Add", "sum", "further", "right"),
        layer("Add", "shortcut", "sum", "conv"),
        layer("Conv2D", "top", "shortcut"),
    )
    assert separating(parents(branched["config"])) == ["image", "conv", "shortcut", "top"]
