"""What the page of a run keeps in memory for all visitors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pages.ui.run.kept import LatestOfRuns, OutputReaders
from tests.pages.folders import add_outputs, add_run
from tl_core.store import Run


def test_of_each_run_the_latest_is_kept_and_what_was_not_used_for_longest_goes(tmp_path: Path) -> None:
    made: list[tuple[str, int]] = []
    kept: LatestOfRuns[int] = LatestOfRuns(2)

    def get(name: str, key: int) -> int:
        return kept.get(Run(tmp_path / name), key, lambda: made.append((name, key)) or key)

    for epoch in (1, 2, 3, 4):
        assert get("training", epoch) == epoch
    get("other", 1)
    assert len(kept) == 2, "one entry each, however often it changed"
    get("training", 4)
    get("third", 1)
    made.clear()
    get("training", 4)
    assert made == []
    get("other", 1)
    assert made == [("other", 1)]


def test_readers_of_outputs_go_when_they_hold_too_much_but_never_those_of_the_run_asked_for(models: Path) -> None:
    runs = [add_run(models, title, ()) for title in ("one", "two", "three")]
    for run in runs:
        for split in ("val", "train_eval"):
            add_outputs(run, np.ones((4, 50), bool), split=split)
    one = OutputReaders(0).of(runs[0], "val")
    assert one.memory == 0 and one.read().epochs == 4
    assert one.memory >= 4 * 50 * 12
    readers = OutputReaders(2 * one.memory)
    for run in runs:
        for split in ("val", "train_eval"):
            readers.of(run, split).read()
    readers.of(runs[2], "val")
    assert len(readers) == 2
    large = OutputReaders(0)
    first = large.of(runs[0], "val")
    first.read()
    large.of(runs[0], "train_eval").read()
    assert large.of(runs[0], "val") is first
