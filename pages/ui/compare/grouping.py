"""Runs drawn as one curve: those that differ only in their seed, or those with the same value of a setting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pages.ui.compare.compared_runs import ComparedRun
from tl_core.experiment.naming import RunName, automatic_title, labels
from tl_core.experiment.spec import PARAMETERS
from tl_core.experiment.wording import PARAMS, setting_text
from tl_core.text import counted

SAME, NOTHING = "same settings", "nothing"
"""What runs are grouped by; anything else is the path of a setting."""

_SEED_PATH = "train.seed"
_SEED = PARAMS[_SEED_PATH]


@dataclass(frozen=True)
class Group:
    """Runs that are one curve.

    Attributes:
        id: That of the run, if it is only one; a word without spaces, for it names elements of the page.
    """

    id: str
    title: str
    runs: tuple[ComparedRun, ...]


def groups_of(runs: Sequence[ComparedRun], by: str) -> list[Group]:
    """The groups, in the order of their first runs."""
    if by == NOTHING:
        return [_alone(run) for run in runs]
    if by == SAME:
        return _by_seed(runs)
    members: dict[str, list[ComparedRun]] = {}
    for run in runs:
        members.setdefault(setting_text(by, run.spec.value(by)), []).append(run)
    return [_titled(text, found, "run", f"{by}-{found[0].id}") for text, found in members.items()]


def _by_seed(runs: Sequence[ComparedRun]) -> list[Group]:
    """Runs whose settings are all the same but for the seed; runs that repeat a seed of such a group are in it, too."""
    members: dict[str, list[ComparedRun]] = {}
    for run in runs:
        members.setdefault(_without_seed(run), []).append(run)
    several = {
        run.id: same for same in members.values() if len({run.spec.train.seed for run in same}) > 1 for run in same
    }
    names = labels(tuple(_seedless(same[0]) for same in {id(same): same for same in several.values()}.values()))
    groups = {
        run.id: _titled(names[same[0].id], same, "seed", f"seeds-{same[0].id}")
        if (same := several.get(run.id))
        else _alone(run)
        for run in runs
    }
    return list({group.id: group for group in groups.values()}.values())


def _seedless(run: ComparedRun) -> RunName:
    """What it would be called with the default seed."""
    known = run.known_by
    settings = {path: value for path, value in known.settings.items() if path != _SEED_PATH}
    title = known.title if known.by_hand else automatic_title(run.spec.with_values({_SEED_PATH: _SEED.default}))
    return replace(known, title=title, settings=settings)


def _titled(text: str, runs: Sequence[ComparedRun], what: str, id: str) -> Group:
    if len(runs) == 1:
        return Group(runs[0].id, text, tuple(runs))
    return Group(id, f"{text} ({counted(len(runs), what)})", tuple(runs))


def _alone(run: ComparedRun) -> Group:
    return Group(run.id, run.name, (run,))


def _without_seed(run: ComparedRun) -> str:
    values = {row.path: run.spec.value(row.path) for row in PARAMETERS if row.path != _SEED_PATH}
    return json.dumps(values, sort_keys=True, default=str)
