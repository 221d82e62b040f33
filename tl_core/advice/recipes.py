"""What can be advised: a preset each, with changes that follow from what was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tl_core.experiment.presets import PRESETS
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.steps import steps_per_epoch
from tl_core.registry import Registry
from tl_core.results.advice import Measured, SolvedHead

JOINED = "solved-at-once"
"""The preset of the first head that is measured."""

STEPS = 500
"""Steps that fine-tuning takes at least: Kolesnikov et al. 2020, "Big Transfer" (arXiv:1912.11370), for fewer than 20,000 images."""

Changes = Callable[[Measured], Mapping[str, Any]]


@dataclass(frozen=True)
class Recipe:
    """One row.

    Attributes:
        preset: A row of `PRESETS`.
        changes: Settings over the preset's, by path.
        why: What the changes follow from, as a sentence; empty if there are none.
        head: The head that was measured for it, None in measurements of earlier versions; None of a recipe that trains the backbone, which cannot
            be measured in seconds.
    """

    name: str
    title: str
    preset: str
    changes: Changes
    why: Callable[[Measured], str]
    head: Callable[[Measured], SolvedHead | None] | None = None


def _solved(head: SolvedHead, output: str) -> dict[str, Any]:
    return {"backbone.output": output, "head.classifier": head.classifier}


def _joined_changes(measured: Measured) -> dict[str, Any]:
    """What differs from the first head, which is as the preset has it."""
    head, first = measured.joined, measured.heads[0]
    if head is None:
        return {}
    classifier = {"head.classifier": head.classifier} if head.classifier != first.classifier else {}
    return {"backbone.output": f"top-{len(head.joined)}", **classifier} if head.joined != first.joined else classifier


def _joined_sentence(measured: Measured) -> str:
    head = measured.joined
    if head is None:
        return ""
    others = [one for one in measured.heads if one.better and one != head]
    first = "" if others or head.better else " No other head that was measured is better by more than chance."
    return f"{_head_sentence(head)}{first}"


def _top_head(measured: Measured) -> SolvedHead:
    return measured.head(top=True)


def _earlier_head(measured: Measured) -> SolvedHead:
    return measured.head(top=False)


def _head_sentence(head: SolvedHead) -> str:
    loss, title = head.loss, SOLVED[head.classifier].title
    where = f"{head.joined[0]} to {head.cut} joined, with mirror images," if head.joined else head.cut
    return (
        f"{title} on {where} has a loss of {loss.value:.2f} ({loss.low:.2f} to {loss.high:.2f}) on training images left out. "
        f"It is computed in one go, without epochs, so that it is finished however few images there are.{_gain_sentence(head)}"
    )


def _gain_sentence(head: SolvedHead) -> str:
    if head.difference is None or not head.better:
        return ""
    less = head.difference.negated
    return f" That is {less.value:.2f} less ({less.low:.2f} to {less.high:.2f}) than with ridge regression on the joined top blocks."


def _longer(preset: str, measured: Measured) -> dict[str, Any]:
    """The epochs of the last phase that `STEPS` need, where the preset has fewer."""
    spec = PRESETS[preset].spec()
    wanted = math.ceil(STEPS / max(steps_per_epoch(spec, measured.images["train"]), 1))
    return {"train.epochs": wanted} if wanted > spec.train.epochs else {}


def _steps_sentence(preset: str, measured: Measured) -> str:
    if not _longer(preset, measured):
        return ""
    images = measured.images["train"]
    return f"{images:,} images are few steps an epoch: its epochs make {STEPS} steps, and the best one is kept."


def _trained(name: str, title: str, preset: str, changes: Changes = lambda _: {}) -> Recipe:
    """A recipe that trains layers of the backbone."""
    return Recipe(
        name,
        title,
        preset,
        lambda measured: {**_longer(preset, measured), **changes(measured)},
        lambda measured: _steps_sentence(preset, measured),
    )


RECIPES: Registry[Recipe] = Registry(
    "recipe",
    "recipe",
    (
        Recipe("joined", "Linear classifier on joined blocks", JOINED, _joined_changes, _joined_sentence, lambda m: m.joined),
        Recipe("linear-top", "Linear classifier on top", "feature-extraction", lambda m: _solved(_top_head(m), "last"),
               lambda m: _head_sentence(_top_head(m)), _top_head),
        Recipe("linear-earlier", "Linear classifier on an earlier stage", "early-features",
               lambda m: _solved(_earlier_head(m), _earlier_head(m).cut), lambda m: _head_sentence(_earlier_head(m)), _earlier_head),
        _trained("train-above", "First blocks frozen, the rest trained", "fine-tune", lambda m: {"backbone.freeze": m.likeness.earlier}),
        _trained("fine-tune", "Fine-tuning the top", "fine-tune"),
        _trained("fine-tune-all", "Fine-tuning everything", "fine-tune-all"),
        _trained("from-scratch", "From scratch", "from-scratch"),
    ),
)  # fmt: skip
