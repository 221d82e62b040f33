"""Networks of your own as rows of the table: found by folder, told apart by content, and missed in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.each import for_each
from tests.own_networks import add_folder
from tl_core.backbones import BACKBONES, added, facts, published_accuracy, weights
from tl_core.backbones.added import DESCRIPTION
from tl_core.backbones.asked import SCALINGS, Asked, check, cuts_of, scaling_of
from tl_core.backbones.scaling import MINUS_ONE_TO_ONE, TORCH, Scaling
from tl_core.backbones.weights import weights_identity
from tl_core.errors import BadInput
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec


@pytest.fixture(autouse=True)
def _in_use(tmp_path: Path) -> None:
    added.use(tmp_path)


def spec_of(**backbone: object) -> ExperimentSpec:
    return ExperimentSpec.from_json({"backbone": {"name": "own-tiny", **backbone}})


def message_of(caught: pytest.ExceptionInfo[BadInput]) -> str:
    return str(caught.value)


def test_a_folder_is_a_row_as_soon_as_it_is_there(tmp_path: Path) -> None:
    before = BACKBONES.names
    assert "own-tiny" not in BACKBONES
    add_folder(tmp_path)
    assert BACKBONES.names == (*before, "own-tiny") == tuple(row.name for row in BACKBONES)
    assert len(BACKBONES) == len(before) + 1
    row = BACKBONES["own-tiny"]
    assert (row.title, row.cut_names, row.native_size, row.scaling) == ("Tiny", ("low", "top"), 64, MINUS_ONE_TO_ONE)
    assert row.imagenet_accuracy is published_accuracy("own-tiny") is None
    assert [block.channels for block in facts("own-tiny").blocks] == [4, 8]
    assert facts("own-tiny").blocks[0].size_at(64) == (32, 32)
    assert row in tuple(BACKBONES)
    assert hash(row)


def test_an_experiment_uses_it_like_any_other(tmp_path: Path) -> None:
    add_folder(tmp_path)
    experiment = resolve(spec_of(freeze="low", output="top"))
    assert (experiment.frozen, experiment.blocks, experiment.image_size) == ("low", ("low", "top"), 64)
    assert experiment.weights.present
    assert experiment.feature_channels == 8
    with pytest.raises(BadInput, match=r"own-tiny has no block 'lo' here\. Did you mean low"):
        spec_of(freeze="lo")
    with pytest.raises(BadInput, match="Tiny has no imagenet weights"):
        spec_of(weights="imagenet")


def test_a_name_used_again_for_another_network_is_another_network(tmp_path: Path) -> None:
    add_folder(tmp_path)
    before, spec = resolve(spec_of()), spec_of()
    seen = {before.weights_identity}
    for changes in (
        {"content": b"others"},
        {"mean": (0.0, 0.0, 0.0)},
        {"order": "bgr"},
        {"cuts": BACKBONES["own-tiny"].cuts[1:]},
    ):
        add_folder(tmp_path, **changes)
        assert resolve(spec).backbone != before.backbone
        seen |= {resolve(spec).weights_identity, weights_identity(BACKBONES["own-tiny"], "random", 0)}
    assert len(seen) == 1 + 2 * 4
    add_folder(tmp_path, title="Renamed")
    assert resolve(spec).weights_identity == before.weights_identity


def test_a_file_that_was_changed_since_is_a_problem_and_not_used(tmp_path: Path) -> None:
    made = add_folder(tmp_path)
    assert weights.problems(made.row, "pretrained") == weights.problems(made.row, "random") == ()
    made.file.write_bytes(b"others!")
    (problem,) = weights.problems(made.row, "pretrained")
    assert "is not the file that was added as Tiny" in problem.message
    assert "add-network" in problem.remedy


def test_a_description_that_was_changed_is_damaged_and_left_out_with_a_sentence(tmp_path: Path) -> None:
    made = add_folder(tmp_path)
    path = made.folder / DESCRIPTION
    values = json.loads(path.read_text())
    for change in ({"mean": [0.0, 0.0, 0.0]}, {"file": "../../other"}, {"cuts": 3}, {"sha256_of_all": None}):
        path.write_text(json.dumps({**values, **change}))
        assert "own-tiny" not in BACKBONES.names
        (sentence,) = added.networks(tmp_path)[1]
        assert sentence.startswith(f"{path}: is damaged")
        with pytest.raises(BadInput, match="'own-tiny' cannot be used"):
            spec_of()


def test_facts_that_another_version_measured_are_not_used(tmp_path: Path) -> None:
    made = add_folder(tmp_path)
    added.write(replace(made, facts={"image_sizes": [32], "blocks": [{"name": "low"}]}))
    assert "own-tiny" not in BACKBONES.names
    with pytest.raises(BadInput, match="add it again"):
        BACKBONES["own-tiny"]


def test_a_file_outside_the_folder_is_not_taken(tmp_path: Path) -> None:
    add_folder(tmp_path, file="../network.keras")
    with pytest.raises(BadInput, match="no file of this folder"):
        BACKBONES["own-tiny"]


def test_a_network_that_was_removed_leaves_its_runs_readable(tmp_path: Path) -> None:
    made = add_folder(tmp_path)
    spec = spec_of(freeze="low")
    added.remove(tmp_path, "tiny")
    assert not made.file.exists()
    assert "own-tiny" not in BACKBONES.names
    assert spec_of(freeze="low") == spec
    assert resolve(spec).facts[0].channels == 4
    for setting in ("pretrained", "random"):
        (problem,) = weights.problems(BACKBONES["own-tiny"], setting)
        assert problem.message.startswith("Tiny was removed: there is no file")
    added.check_name(tmp_path, "tiny")


@for_each("name", ["own-tyni", "own-other", "own-../secret", "own-"])
def test_a_network_that_is_not_there_is_said_in_one_sentence(name: str, tmp_path: Path) -> None:
    add_folder(tmp_path)
    with pytest.raises(BadInput) as caught:
        ExperimentSpec.from_json({"backbone": {"name": name}})
    (problem,) = caught.value.problems
    assert problem.path == "backbone.name"
    assert "network of your own" in problem.message and repr(name) in problem.message
    assert ("Did you mean own-tiny" in problem.remedy) is (name == "own-tyni")


def test_a_name_misspelt_of_a_lab_network_lists_your_own_too(tmp_path: Path) -> None:
    add_folder(tmp_path)
    with pytest.raises(BadInput, match="Did you mean own-tiny"):
        BACKBONES["tiny"]


def test_a_folder_half_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), added.adding(tmp_path, "tiny") as folder:
        (folder / "network.keras").write_bytes(b"half")
        assert added.networks(tmp_path) == ((), ())
        raise RuntimeError
    assert list((tmp_path / "networks").iterdir()) == []


@for_each(
    "text, expected",
    [
        ("0..1", Scaling((0.0,) * 3, (1 / 255,) * 3)),
        ("imagenet", TORCH),
        ("MobileNetV2", MINUS_ONE_TO_ONE),
        ('{"mean": [1, 2, 3], "scale": [4, 5, 6], "order": "bgr"}', Scaling((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), "bgr")),
    ],
)
def test_a_scaling_has_a_name_or_is_that_of_a_backbone_or_numbers(text: str, expected: Scaling) -> None:
    assert scaling_of(text) == expected


@for_each(
    "text, said",
    [
        ("", "a guess would be wrong without a message"),
        ("0..25", "Did you mean 0..255"),
        ("MobileNetV22", "Did you mean MobileNetV2"),
        ("auto", "Say how pixels were scaled"),
        ('{"mean": [1, 2], "scale": [4, 5, 6]}', "three channels"),
        ('{"mean": [1, 2, 3], "scale": [4, 5, 6], "order": "gbr"}', "rgb or bgr"),
        ('{"scale": [4, 5, 6]}', "For example"),
    ],
)
def test_a_scaling_is_never_guessed(text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        scaling_of(text)
    assert said in message_of(caught)
    assert caught.value.problems[0].path == "--scaling"


def test_every_scaling_is_explained() -> None:
    assert all(what for _, what in SCALINGS.values())


CANDIDATES = {"conv": 4, "pool": 8, "odd+name": 8, "last": 16}


def test_cuts_are_ordered_from_the_input_and_may_have_names() -> None:
    found = cuts_of(("block2=pool", "conv"), CANDIDATES)
    assert [(cut.name, cut.layer) for cut in found] == [("conv", "conv"), ("block2", "pool")]


@for_each(
    "texts, said",
    [
        ((), "It can be cut at conv, pool, odd+name, last"),
        (("conv",), "expected are 2 to 10"),
        (("conv", "pol"), "Did you mean pool"),
        (("conv", "elsewhere"), "cannot be cut at 'elsewhere'"),
        (("conv", "conv"), "named twice"),
        (("a=conv", "b=conv"), "named twice"),
        (("conv", "odd+name"), "Give it another name, such as block1=odd+name"),
        (("conv", "last"), "cannot be the name of a block"),
        (("conv", "top-2=pool"), "cannot be the name of a block"),
    ],
)
def test_cuts_that_cannot_be_are_refused_with_those_that_can(texts: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        cuts_of(texts, CANDIDATES)
    assert said in message_of(caught)


@for_each(
    "file, asked, said",
    [
        ("a.keras", Asked("../x", "0..1"), "--name: received '../x'"),
        ("a.keras", Asked("tiny", "0..1"), "there is a network 'tiny' already"),
        ("a.keras", Asked("new", ""), "--scaling: is missing"),
        ("b.keras", Asked("new", "0..1"), "there is no such file"),
        ("a.pt", Asked("new", "0..1"), "is no file of Keras"),
        ("a.keras", Asked("new", "0..1", architecture="VGG16"), "a .keras file has its own layers"),
        ("a.weights.h5", Asked("new", "0..1"), "--architecture: is missing"),
        (
            "a.weights.h5",
            Asked("new", "0..1", architecture="VGG61"),
            "--architecture: there is no backbone named 'VGG61'. Did you mean VGG",
        ),
        ("a.weights.h5", Asked("new", "0..1", architecture="own-tiny"), "is a network of your own"),
        ("a.weights.h5", Asked("new", "0..1", ("conv",), "VGG16"), "--cuts: the cuts are those of VGG16"),
        ("a.keras", Asked("new", "0..1", size=8), "--size: received 8"),
    ],
    ids=lambda row: row[2],
)
def test_what_is_wrong_without_opening_the_file_is_said(file: str, asked: Asked, said: str, tmp_path: Path) -> None:
    add_folder(tmp_path)
    for name in ("a.keras", "a.pt", "a.weights.h5"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(BadInput) as caught:
        check(tmp_path, tmp_path / file, asked)
    assert said in message_of(caught)
