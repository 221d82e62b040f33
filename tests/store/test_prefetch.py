"""The experiment in the form is left for an idle worker to prefetch."""

from __future__ import annotations

from pathlib import Path

from tl_core.experiment.spec import ExperimentSpec
from tl_core.store import prefetch


def test_the_last_wish_counts(tmp_path: Path) -> None:
    assert prefetch.wished(tmp_path) is None
    for seed in (1, 2):
        prefetch.wish(tmp_path / "new", ExperimentSpec().with_values({"train.seed": seed}))
    found = prefetch.wished(tmp_path / "new")
    assert found is not None
    assert found.train.seed == 2


def test_a_damaged_wish_is_none(tmp_path: Path) -> None:
    (tmp_path / "ahead.json").write_text('{"train": {"epochs": "many"}}')
    assert prefetch.wished(tmp_path) is None


def test_another_wish_has_another_stamp(tmp_path: Path) -> None:
    assert prefetch.stamp(tmp_path) is None
    prefetch.wish(tmp_path, ExperimentSpec())
    first = prefetch.stamp(tmp_path)
    assert first == prefetch.stamp(tmp_path) is not None
    prefetch.wish(tmp_path, ExperimentSpec().with_values({"train.seed": 1}))
    assert prefetch.stamp(tmp_path) != first
