"""What runs are called: by the title given by hand, otherwise by what they change, and among others by what differs between them."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tl_core.experiment.presets import PRESETS, Preset
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.experiment.wording import setting_text

LONGEST_TITLE = 80
"""Characters of a title."""

FEW = 3
"""Up to so many settings in which runs differ, each run is called by its values of all of them; beyond, by those it changes."""

_LONGEST_PARENT = 30
"""Characters of the parent's title in that of a fork."""

_FORKED_AT, _SCHEDULE_FROM = ("start.run", "start.epoch"), "start.schedule_from"
_FORK = "start"
"""Stands for both settings that say what a fork continues."""

_IMAGES = ("data.source", "data.layout", "data.accept_missing")
"""Settings that say which images there are: they change no preset."""

Settings = Mapping[str, Any]
"""Values by path."""


@dataclass(frozen=True)
class Origin:
    """What a fork continues: the title of its parent, the epoch, and the settings it would have without any change."""

    title: str
    epoch: int
    spec: ExperimentSpec | None = None


@dataclass(frozen=True)
class RunName:
    """What is known of a run to call it by.

    Attributes:
        by_hand: False if the title was made by `automatic_title`.
        settings: Empty if they cannot be read.
        recipe: The title of the nearest preset, and the paths of the settings that differ from it.
    """

    id: str
    title: str
    by_hand: bool = True
    settings: Settings = field(default_factory=dict, hash=False, repr=False)
    recipe: str = field(default="", compare=False)
    changed: frozenset[str] = field(default=frozenset(), compare=False)

    @classmethod
    def of(cls, id: str, title: str, by_hand: bool, spec: ExperimentSpec, origin: str = "") -> RunName:
        """The name of a run.

        Args:
            origin: Of a fork: "fork of X at epoch 3".
        """
        settings = {**_settings(spec), _FORK: origin}
        preset = nearest_preset(settings)
        changed = _differing([settings, {**_preset_settings(preset.name), **_images_of(settings)}])
        return cls(id, title, by_hand, settings, preset.title, frozenset(changed))


def automatic_title(spec: ExperimentSpec, origin: Origin | None = None) -> str:
    """What an experiment changes against the nearest preset, or of a fork against its parent.

    Such as "Dropout 0.5, rotation 15 (feature extraction)" or "Dropout 0.5 (fork of X at epoch 7)". Changes that do not fit are counted.
    """
    settings = _settings(spec)
    if origin and origin.spec:
        # Where its schedule counts from follows from what a fork is; only forks that stand together are told apart by it.
        counted_from = {_SCHEDULE_FROM: settings[_SCHEDULE_FROM]}
        base, behind = {**_settings(origin.spec), **counted_from}, fork_text(_cut(origin.title), origin.epoch)
    else:
        preset = nearest_preset(settings)
        base, behind = {**_preset_settings(preset.name), **_images_of(settings)}, preset.title
    changes = [setting_text(path, settings[path]) for path in _differing([settings, base])]
    if not changes:
        return _capital(behind)
    ending = f" ({_small(behind)})"
    return _capital(_fitting(changes, LONGEST_TITLE - len(ending))) + ending


def fork_text(title: str, epoch: int) -> str:
    """Where a fork comes from, in words."""
    return f"fork of {title} at epoch {epoch}"


def is_automatic(title: str) -> bool:
    """Whether a title reads like one that earlier versions made; they did not store who gave it."""
    begins = tuple(f"{preset.title}," for preset in PRESETS)
    whole = {name for preset in PRESETS for name in (preset.name, preset.title)}
    fork = title.startswith("fork of ") or re.search(r" from epoch \d+(, |$)", title)
    return title in whole or title == "run" or title.startswith(begins) or bool(fork)


@lru_cache(maxsize=32)
def labels(runs: tuple[RunName, ...]) -> Mapping[str, str]:
    """What each of several runs that stand together is called, by id: no two alike.

    A title given by hand is kept. Others are called by the settings in which these runs differ: "dropout 0.2" and "dropout 0.5". Where
    that is not enough, the settings in which runs of the same name differ follow; the end of an id only where there are none.
    """
    known = [run for run in runs if run.settings]
    differing = _differing([run.settings for run in known])
    several = len({run.recipe for run in known}) > 1
    named = {run.id: run.title if run.by_hand else _words(run, differing, several) or run.title for run in runs}
    return _distinct(runs, named)


def differing_settings(runs: Sequence[RunName]) -> tuple[str, ...]:
    """The paths of the settings that are not the same in all runs, in the order of the spec, but for those of a fork's start."""
    found = _differing([run.settings for run in runs if run.settings])
    return tuple(path for path in found if path != _FORK)


def nearest_preset(settings: Settings) -> Preset:
    """The preset that the fewest settings differ from, whatever the images are."""
    return min(PRESETS, key=lambda preset: _distance(settings, _preset_settings(preset.name)))


def _settings(spec: ExperimentSpec) -> dict[str, Any]:
    return {row.path: spec.value(row.path) for row in PARAMETERS if row.path not in _FORKED_AT}


def _images_of(settings: Settings) -> dict[str, Any]:
    return {path: settings[path] for path in _IMAGES}


@lru_cache
def _preset_settings(name: str) -> Settings:
    return _settings(PRESETS[name].spec())


def _distance(settings: Settings, base: Settings) -> int:
    return sum(settings[path] != value for path, value in base.items() if path not in _IMAGES)


def _differing(all_settings: Sequence[Settings]) -> list[str]:
    """The paths whose values are not the same in all."""
    if not all_settings:
        return []
    first, *others = all_settings
    return [path for path, value in first.items() if any(other.get(path, value) != value for other in others)]


def _words(run: RunName, differing: Collection[str], several_recipes: bool) -> str:
    """A run by its values of settings; empty if they say nothing."""
    few = len(differing) <= FEW
    paths = [path for path in differing if few or path in run.changed]
    parts = [run.settings[path] if path == _FORK else setting_text(path, run.settings[path]) for path in paths]
    said = ", ".join(filter(None, parts))
    recipe = run.recipe if not few and (several_recipes or not said) else ""
    return f"{said} ({_small(recipe)})" if said and recipe else said or recipe


def _distinct(runs: Sequence[RunName], named: Mapping[str, str]) -> dict[str, str]:
    """The names, where several are alike with what sets them apart."""
    found = dict(named)
    for name, count in Counter(named.values()).items():
        alike = [run for run in runs if named[run.id] == name] if count > 1 else []
        differing = _differing([run.settings for run in alike if run.settings])
        found |= {run.id: ", ".join(filter(None, [name, _words(run, differing, False)])) for run in alike}
    repeated = Counter(found.values())
    return {id: name if repeated[name] == 1 else f"{name} {id[-4:]}" for id, name in found.items()}


def _fitting(changes: Sequence[str], room: int) -> str:
    """As many changes as fit, and how many there are besides."""
    for kept in range(len(changes), 0, -1):
        left = len(changes) - kept
        text = ", ".join(changes[:kept]) + (f" and {left} more" if left else "")
        if len(text) <= room:
            return text
    return textwrap.shorten(changes[0], max(room - 12, 8), placeholder=" …") + (
        f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    )


def _cut(title: str) -> str:
    """A parent's title without that of its own parent or preset."""
    return textwrap.shorten(
        title.partition(" (")[0] if title.endswith(")") else title, _LONGEST_PARENT, placeholder=" …"
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
