"""Runs drawn as one curve: those that differ only in their seed, or those with the same value of a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pages.ui.compare.compared_runs import ComparedRun
from tl_core.comparison import seed_groups, seedless, stands_apart
from tl_core.experiment.naming import labels
from tl_core.experiment.wording import setting_text
from tl_core.text import counted

SAME, NOTHING = "same settings", "nothing"
"""What runs are grouped by; anything else is the path of a setting."""


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
    members: dict[Any, list[ComparedRun]] = {}
    for run in runs:
        members.setdefault(run.spec.value(by), []).append(run)
    titles = told_apart({value: setting_text(by, value) for value in members})
    return [_titled(titles[value], found, "run", f"{by}-{found[0].id}") for value, found in members.items()]


def told_apart(texts: Mapping[Any, str]) -> dict[Any, str]:
    """The texts of values; those that several values share with as much of the value's end as it takes: "cats (b/cats)"."""
    same = {text: [value for value in texts if texts[value] == text] for text in texts.values()}
    return {
        value: text if len(same[text]) == 1 else f"{text} ({_end(value, same[text])})" for value, text in texts.items()
    }


def _end(value: Any, among: Sequence[Any]) -> str:
    """The last parts of a path that tell it apart from others; all of any other value."""
    parts = {other: PurePath(str(other)).parts for other in among}
    for count in range(1, len(parts[value])):
        end = parts[value][-count:]
        if all(parts[other][-count:] != end for other in among if other != value):
            return "/".join(end)
    return str(value)


def _by_seed(runs: Sequence[ComparedRun]) -> list[Group]:
    """Runs whose settings are all the same but for the seed; runs that repeat a seed of such a group are in it, too."""
    found = {run.id: run for run in runs}
    apart = {id for id, run in found.items() if stands_apart(run.state, run.live_changes)}
    specs = {id: run.spec for id, run in found.items()}
    groups = [[found[id] for id in ids] for ids in seed_groups(specs, apart)]
    firsts = [(same[0], len(same) > 1) for same in groups]
    names = labels(tuple(seedless(run.known_by, run.spec) if several else run.known_by for run, several in firsts))
    return [
        _titled(names[same[0].id], same, "seed", f"seeds-{same[0].id}") if len(same) > 1 else _alone(same[0])
        for same in groups
    ]


def _titled(text: str, runs: Sequence[ComparedRun], what: str, id: str) -> Group:
    if len(runs) == 1:
        return Group(runs[0].id, text, tuple(runs))
    return Group(id, f"{text} ({counted(len(runs), what)})", tuple(runs))


def _alone(run: ComparedRun) -> Group:
    return Group(run.id, run.name, (run,))
