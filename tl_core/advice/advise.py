"""From what was measured to what to start with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tl_core.advice.quadrants import Position, Quadrant, position
from tl_core.advice.recipes import RECIPES, Recipe
from tl_core.advice.wording import sure_sentence
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan.costs import phase_plan
from tl_core.plan.inactive_settings import active_part
from tl_core.results.advice import Measured
from tl_core.text import percent


@dataclass(frozen=True)
class Option:
    """A recipe for these data.

    Attributes:
        title: What it does.
        preset: The row of `PRESETS` that it starts from.
        changes: What it changes of that, by path.
        spec: The whole experiment, on the data and the backbone that were asked about.
        quadrants: The quadrants of the textbook that advise it.
        reasons: Sentences, from what was measured.
        seconds: The plan's estimate of its time.
    """

    recipe: str
    title: str
    preset: str
    changes: Mapping[str, Any]
    spec: ExperimentSpec
    quadrants: tuple[str, ...]
    reasons: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Advice:
    """What to start with.

    Attributes:
        options: What is advised first, then what else may be right.
        sure: How sure it is, as sentences.
    """

    position: Position
    options: tuple[Option, ...]
    sure: str

    @property
    def first(self) -> Option:
        return self.options[0]


def advise(spec: ExperimentSpec, measured: Measured) -> Advice:
    """Advice for the data and the backbone of a spec, of which `measured` is."""
    where = position(measured)
    advising: dict[str, list[Quadrant]] = {}
    for quadrant in where.quadrants:
        for name in quadrant.recipes:
            advising.setdefault(name, []).append(quadrant)
    options = [
        _option(spec, measured, where, recipe, advising.get(recipe.name, [])) for recipe in _ordered(advising, measured)
    ]
    return Advice(where, tuple(options), sure_sentence(where))


def _ordered(advising: Iterable[str], measured: Measured) -> list[Recipe]:
    """The recipes that quadrants advise. Beyond the textbook: if one of them was measured, all that were, in the order of `SolvedHead.rank`."""
    rows = [RECIPES[name] for name in advising]
    heads = {row.name: head for row in RECIPES if row.head and (head := row.head(measured))}
    first = next((place for place, row in enumerate(rows) if row.name in heads), None)
    if first is None:
        return rows
    before, after = rows[:first], [row for row in rows[first:] if row.name not in heads]
    return [*before, *(RECIPES[name] for name in sorted(heads, key=lambda name: heads[name].rank)), *after]


def _option(
    spec: ExperimentSpec, measured: Measured, where: Position, recipe: Recipe, quadrants: list[Quadrant]
) -> Option:
    changes = recipe.changes(measured)
    whole = _whole(spec, recipe, changes)
    reasons = tuple(filter(None, (*_reasons(where, quadrants), recipe.why(measured))))
    return Option(
        recipe.name,
        recipe.title,
        recipe.preset,
        changes,
        whole,
        tuple(row.name for row in quadrants),
        reasons,
        _seconds(whole, measured),
    )


def _whole(spec: ExperimentSpec, recipe: Recipe, changes: Mapping[str, Any]) -> ExperimentSpec:
    """The preset with the changes, on the data, the backbone and with the seed of a spec; from scratch keeps its random weights."""
    asked = spec.flat()
    own = [path for path in asked if path.startswith("data.")]
    values = {
        path: asked[path] for path in (*own, "backbone.name", "head.pooling", "head.projection_units", "train.seed")
    }
    if PRESETS[recipe.preset].spec().backbone.weights != "random":
        values["backbone.weights"] = asked["backbone.weights"]
    # A classifier that is solved needs no epochs and no rate, which its preset may have.
    return active_part(PRESETS[recipe.preset].spec({**values, **changes})).spec


def _seconds(spec: ExperimentSpec, measured: Measured) -> float:
    images = dict(measured.images)
    return sum(phase_plan(phase, images, len(measured.classes)).seconds for phase in resolve(spec).phases)


def _reasons(where: Position, quadrants: Sequence[Quadrant]) -> Iterator[str]:
    """Why it is an option: the quadrants that advise it, with their probability."""
    for row in quadrants:
        yield f"{row.title} ({percent(where.shares[row.name], 0)}): {row.said}"
        if row.disagree:
            yield row.disagree
