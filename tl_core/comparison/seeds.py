"""Runs that repeat one experiment with other seeds, and what they are called together."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from tl_core import store
from tl_core.comparison.reading import Entry
from tl_core.experiment.naming import RunName, automatic_title, labels
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.records import RunState
from tl_core.store import Run
from tl_core.store.live_changes import LiveChange, changes_in_force
from tl_core.text import counted

SEED = "train.seed"


def recipe_of(spec: ExperimentSpec) -> str:
    """A text that is the same for experiments that differ in nothing but their seed."""
    values = {row.path: spec.value(row.path) for row in PARAMETERS if row.path != SEED}
    return json.dumps(values, sort_keys=True, default=str)


def seed_groups(specs: Mapping[str, ExperimentSpec], apart: Collection[str] = ()) -> tuple[tuple[str, ...], ...]:
    """Ids of runs whose specs differ only in their seed, in the order of their first runs.

    A run without others is alone; so are runs that repeat each other, seed and all, unless there are other seeds too.

    Args:
        apart: Runs that repeat nothing, whatever their specs: see `stands_apart`.
    """
    members: dict[str, list[str]] = {}
    for id, spec in specs.items():
        members.setdefault(id if id in apart else recipe_of(spec), []).append(id)
    several = {
        id: tuple(ids) for ids in members.values() if len({specs[id].train.seed for id in ids}) > 1 for id in ids
    }
    return tuple(dict.fromkeys(several.get(id, (id,)) for id in specs))


def stands_apart(state: RunState, changes: Collection[LiveChange]) -> bool:
    """Whether a run does not stand for its settings: they were changed during training, or it was cut short."""
    return bool(changes) or state.status in (store.STOPPED, store.INTERRUPTED, store.FAILED)


def seedless(name: RunName, spec: ExperimentSpec) -> RunName:
    """What a run would be called with the default seed: the name of its group."""
    settings = {path: value for path, value in name.settings.items() if path != SEED}
    default = next(row.default for row in PARAMETERS if row.path == SEED)
    title = name.title if name.by_hand else automatic_title(spec.with_values({SEED: default}))
    return replace(name, title=title, settings=settings)


def entries_of(runs: Sequence[Run], each: bool = False) -> tuple[Entry, ...]:
    """What becomes a side of each: runs that differ only in their seed together, all called by what sets them apart.

    Args:
        each: Every run by itself.

    Raises:
        BadInput: a file of a run cannot be read.
    """
    found = {run.id: run for run in runs}
    specs = {id: store.read_spec(run) for id, run in found.items()}
    names = {id: _name(run, specs[id]) for id, run in found.items()}
    apart = {id for id, run in found.items() if stands_apart(store.read_state(run), changes_in_force(run))}
    groups = [(id,) for id in specs] if each else list(seed_groups(specs, apart))
    called = labels(tuple(names[ids[0]] if len(ids) == 1 else seedless(names[ids[0]], specs[ids[0]]) for ids in groups))
    return tuple(Entry(_title(called[ids[0]], ids), tuple(found[id] for id in ids)) for ids in groups)


def _name(run: Run, spec: ExperimentSpec) -> RunName:
    return store.name_of(run, spec, store.read_state(run), store.read_notes(run))


def _title(label: str, ids: Sequence[str]) -> str:
    return label if len(ids) == 1 else f"{label} ({counted(len(ids), 'seed')})"
