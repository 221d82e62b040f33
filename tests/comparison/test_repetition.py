"""The same experiment with several seeds: what exists counts, what is missing is made."""

from __future__ import annotations

from pathlib import Path

from tests.pages.folders import add_run
from tl_core import store
from tl_core.comparison import repetition
from tl_core.experiment.presets import PRESETS
from tl_core.files import write_json


def spec(**settings: object) -> object:
    return PRESETS["feature-extraction"].spec({name.replace("__", "."): value for name, value in settings.items()})


def test_the_own_seed_comes_first_then_the_lowest_others(tmp_path: Path) -> None:
    assert repetition(tmp_path, spec(), 3).missing == (0, 1, 2)
    assert repetition(tmp_path, spec(train__seed=7), 3).missing == (7, 0, 1)


def test_runs_that_exist_count_whatever_their_seeds(tmp_path: Path) -> None:
    runs = [add_run(tmp_path, settings={"train.seed": seed}) for seed in (9, 4, 4)]
    add_run(tmp_path, settings={"head.dropout": 0.5})
    found = repetition(tmp_path, spec(train__seed=4), 4)
    assert ([run.id for run in found.runs], found.missing) == ([runs[1].id, runs[0].id], (0, 1))
    assert repetition(tmp_path, spec(), 2).missing == (0,)


def test_runs_that_cannot_stand_for_the_experiment_do_not_count(tmp_path: Path) -> None:
    add_run(tmp_path, status=store.FAILED)
    add_run(tmp_path, settings={"train.seed": 1}, status=store.STOPPED)
    changed = add_run(tmp_path, settings={"train.seed": 2})
    write_json(changed.folder / "adjustments.json", [{"epoch": 2, "values": {"head.dropout": 0.3}}])
    (add_run(tmp_path, settings={"train.seed": 3}).folder / "spec.json").write_text("{")
    waiting = add_run(tmp_path, settings={"train.seed": 4}, status=store.QUEUED)
    found = repetition(tmp_path, spec(), 5)
    assert ([run.id for run in found.runs], found.missing) == ([waiting.id], (0, 1, 2, 3))


def test_new_runs_differ_in_their_seed_alone_and_are_named_by_it(tmp_path: Path) -> None:
    first = add_run(tmp_path, "mine", settings={"head.dropout": 0.5})
    asked = repetition(tmp_path, store.read_spec(first), 2)
    named, automatic = asked.create(tmp_path, 1, "mine"), asked.create(tmp_path, 1)
    assert [store.title_of(run) for run in (named, automatic)] == [
        "mine, seed 1",
        "Dropout 0.5, seed 1 (feature extraction)",
    ]
    assert store.read_spec(named) == store.read_spec(first).with_values({"train.seed": 1})
    assert store.read_spec(named).data == store.read_spec(first).data, "the split has a seed of its own"
    assert [run.id for run in repetition(tmp_path, asked.spec, 2).runs] == [first.id, named.id]
