"""Measuring real images: what is measured, what may not be looked at, that nothing is computed twice."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from tests.engine.conftest import small_spec
from tl_core.backbones import BACKBONES, Backbone
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.advice import measure as module
from tl_core.engine.advice.measure import measure
from tl_core.engine.inputs import every_cut
from tl_core.errors import BadInput, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.records import from_json
from tl_core.results.advice import AdviceOptions, Measured

SPEC = small_spec()


@pytest.fixture(scope="module")
def found(shared_models: Path) -> Measured:
    return measure(resolve(SPEC), shared_models)


def _can_be_scored(row: Backbone) -> bool:
    """Whether its weights are here, which depends on what is installed, and the images are large enough."""
    here = resolve(SPEC.with_values({"backbone.name": row.name, "backbone.weights": "pretrained"})).weights.present
    return here and row.minimum_size <= 32


@pytest.mark.long
@pytest.mark.slow
def test_every_block_and_every_backbone_is_measured(found: Measured) -> None:
    assert tuple(block.cut for block in found.blocks) == BACKBONES[SPEC.backbone.name].cut_names
    assert (found.images["train"], found.fewest, found.largest_share) == (120, 12, 0.1)
    assert found.blocks[0].linear.high < found.blocks[5].linear.low, "the stem knows least"
    assert found.likeness.above < 0.9, "digits are not like ImageNet"
    assert {score.name for score in found.backbones} == set(BACKBONES.names)
    scored = {score.name for score in found.backbones if score.logme is not None}
    assert scored == {row.name for row in BACKBONES if _can_be_scored(row)}
    assert SPEC.backbone.name in scored
    first, *others = found.heads
    assert (first.joined, first.mirror, first.difference) == (BACKBONES[SPEC.backbone.name].cut_names[-4:], True, None)
    assert len(others) == 7 and all(head.difference for head in others)
    assert from_json(Measured, json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.long
@pytest.mark.slow
def test_validation_images_are_not_looked_at_and_nothing_is_computed_again(
    found: Measured, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("computed again")

    def blind(*arguments: Any) -> Prepared:
        data = prepare(*arguments)
        labels = data.dataset.labels.copy()
        others = np.setdiff1d(np.arange(len(labels)), data.split.train)
        labels[others] = np.random.default_rng(0).permutation(labels[others])
        items = tuple(replace(item, label=int(label)) for item, label in zip(data.dataset.items, labels, strict=True))
        return Prepared(replace(data.pixels, dataset=replace(data.dataset, items=items)), data.split)

    monkeypatch.setattr(every_cut, "compiled", refuse)
    monkeypatch.setattr(module, "prepare", blind)
    again = measure(resolve(SPEC), shared_models)
    assert replace(again, seconds=found.seconds) == found


@pytest.mark.long
@pytest.mark.slow
def test_it_can_be_stopped_and_shows_what_it_has_before_other_backbones(found: Measured, shared_models: Path) -> None:
    parts: list[Measured] = []

    def stop(*_: Any) -> None:
        if parts:
            raise RunStopped("Stopped.")

    others = AdviceOptions(backbones=True)
    measure(resolve(SPEC), shared_models, others, partial=parts.append)
    assert len(parts) == 1 and len(parts[0].backbones) == 1
    with pytest.raises(RunStopped):
        measure(resolve(SPEC), shared_models, others, progress=stop)
    alone = measure(resolve(SPEC), shared_models, AdviceOptions(backbones=False))
    assert alone.backbones == found.backbones[:1]


@pytest.mark.parametrize(
    "changes", [{"backbone.weights": "random"}, {"start.run": "20260101-000000-a-0000", "start.epoch": 1}]
)
def test_what_has_no_pretrained_features_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="pretrained"):
        measure(resolve(SPEC.with_values(changes)), tmp_path)
