"""What somebody is setting up is told to whoever has time to get it ready."""

from __future__ import annotations

from pathlib import Path

from tl_core.spec import ExperimentSpec
from tl_core.store import ahead


def test_the_last_wish_counts(tmp_path: Path) -> None:
    assert ahead.wished(tmp_path) is None
    for seed in (1, 2):
        ahead.wish(tmp_path / "new", ExperimentSpec().with_values({"train.seed": seed}))
    found = ahead.wished(tmp_path / "new")
    assert found is not None
    assert found.train.seed == 2


def test_a_damaged_wish_is_none(tmp_path: Path) -> None:
    (tmp_path / "ahead.json").write_text('{"train": {"epochs": "many"}}')
    assert ahead.wished(tmp_path) is None
