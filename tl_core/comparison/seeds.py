"""Runs that repeat one experiment with other seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from tl_core.experiment.naming import RunName, automatic_title
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec

SEED = "train.seed"


def recipe_of(spec: ExperimentSpec) -> str:
    """A text that is the same for experiments that differ in nothing but their seed."""
    values = {row.path: spec.value(row.path) for row in PARAMETERS if row.path != SEED}
    return json.dumps(values, sort_keys=True, default=str)


def seed_groups(specs: Mapping[str, ExperimentSpec]) -> tuple[tuple[str, ...], ...]:
    """Ids of runs whose specs differ only in their seed, in the order of their first runs; one without others is alone."""
    members: dict[str, list[str]] = {}
    for id, spec in specs.items():
        members.setdefault(recipe_of(spec), []).append(id)
    return tuple(map(tuple, members.values()))


def seedless(name: RunName, spec: ExperimentSpec) -> RunName:
    """What a run would be called with the default seed: the name of its group."""
    settings = {path: value for path, value in name.settings.items() if path != SEED}
    default = next(row.default for row in PARAMETERS if row.path == SEED)
    title = name.title if name.by_hand else automatic_title(spec.with_values({SEED: default}))
    return replace(name, title=title, settings=settings)
