"""The accuracy table of the networks: what is measured in which order, and what is kept is not measured again."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import backbones
from benchmarks.backbones import BLOCKS, HEADS, LARGE, NAMES, RANDOM, Features, Job, Results, Row, jobs, table_row
from tl_core.backbones import BACKBONES
from tl_core.results.head_scores import HeadScore

SCORE = HeadScore("ridge", 0.85, 0.81, 0.885, 0.45, 0.44, 0.02, 0.99, 1.5, {"l2": 0.1})


def test_each_network_is_measured_at_its_own_size_with_and_without_mirror_images_and_at_the_large_one() -> None:
    found = list(jobs(NAMES))
    assert len(set(found)) == len(found) == (3 * len(NAMES) + 1) * (len(BLOCKS) * (len(HEADS) - 1) + 1)
    for name in NAMES:
        own = BACKBONES[name].native_size
        pretrained = [
            job.features for job in found if job.features.backbone == name and job.features.weights != "random"
        ]
        assert {(one.size, one.mirror) for one in pretrained} == {(own, False), (own, True), (LARGE, False)}
    assert {job.features.backbone for job in found if job.features.weights == "random"} == {RANDOM}


def test_every_job_is_a_spec_whose_blocks_exist() -> None:
    for job in jobs(NAMES, per_class=60):
        spec, one = job.features.spec(Path("photos")), job.features
        assert spec.data.images_per_class == one.per_class == 60
        assert (spec.backbone.name, spec.data.image_size, spec.backbone.mirror) == (one.backbone, one.size, one.mirror)
        assert set(BLOCKS[job.blocks]) <= set(BACKBONES[one.backbone].cut_names)


def test_a_job_in_the_file_is_not_measured_again_and_the_pass_keeps_its_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = Features("EfficientNetLite2", 260, mirror=True)
    one, other = Job(features, "final", "ridge"), Job(features, "final", "random-projection")
    asked: list[Job] = []

    def measured(job: Job, photos: Path, models: Path) -> Row:
        asked.append(job)
        return Row(job, 0.1 if job == other else 12.0, SCORE)

    monkeypatch.setattr(backbones, "measured", measured)
    first = Results(tmp_path / "kept.jsonl").row(one, tmp_path, tmp_path)
    kept = Results(tmp_path / "kept.jsonl")
    assert kept.row(one, tmp_path, tmp_path) == first
    assert kept.row(other, tmp_path, tmp_path).pass_seconds == 12.0
    assert asked == [one, other]
    assert table_row(first).startswith(
        "| EfficientNetLite2 | 260 | final | yes | ridge | 85.0% | 81.0% to 88.5% | 0.450 | 12 |"
    )
