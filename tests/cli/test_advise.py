"""Advice from a terminal."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import SMALL, Lab, last_object
from tl_core import store
from tl_core.advice import QUADRANTS, advise
from tl_core.backbones import BACKBONES
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import from_json
from tl_core.results.advice import Measured


@pytest.mark.slow
def test_advice_is_told_to_people_and_programs(lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = store.runs(folder)
    values = last_object(lab("advise", *SMALL, "--models", folder, "--json"))
    measured, first = from_json(Measured, values["measured"]), values["options"][0]
    monkeypatch.setattr(
        "tl_core.engine.advice.measure.measure", lambda *_: measured
    )  # Once: it takes seconds a backbone.
    said = lab("advise", *SMALL, "--models", folder)
    assert said.status == 0, said.err
    spec = ExperimentSpec.from_json(first["spec"])
    assert advise(spec, measured).first.recipe == first["recipe"]
    assert f"Advised: {first['title']}" in said.out and first["command"] in said.out
    assert all(row.title in said.out for row in QUADRANTS)
    assert all(name in said.out for name in BACKBONES.names)
    assert values["sure"] in " ".join(said.out.split())
    assert sum(values["position"]["quadrants"].values()) == pytest.approx(1)
    assert store.runs(folder) == runs, "nothing is trained"


@pytest.mark.long
@pytest.mark.slow
def test_the_command_it_prints_is_the_experiment_it_advises(lab: Lab, folder: Path) -> None:
    first = last_object(lab("advise", *SMALL, "--models", folder, "--no-backbones", "--json"))["options"][0]
    words = shlex.split(first["command"])
    assert words[:4] == ["python", "-m", "tl_core", "train"]
    assert last_object(lab("spec", *words[4:], "--json")) == first["spec"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("feature-extractoin",), "Did you mean feature-extraction"),
        (("feature-extraction", "--data", "folder:nowhere"), "nowhere"),
        (("from-scratch",), "pretrained"),
    ],
)
def test_what_cannot_be_advised_about_is_said_in_a_sentence(lab: Lab, arguments: tuple[str, ...], said: str) -> None:
    refused = lab("advise", *arguments)
    assert refused.status == 2
    assert len(refused.errors) == 1 and said in refused.errors[0]
