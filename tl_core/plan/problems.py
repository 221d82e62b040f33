"""What would keep a spec from running, or would do nothing: found before a run starts, by field, with a remedy.

A setting that has no effect is refused rather than ignored: whoever changed it expects a difference, and would read one into the
curves. A setting left at its default, or switched off, is never a problem.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from tl_core.backbones import BACKBONES, weights
from tl_core.backbones.freezing import last_frozen, used_cuts
from tl_core.data.dataset import ImageDataset
from tl_core.data.split import Split
from tl_core.errors import Problem
from tl_core.phases import SOLVED
from tl_core.spec import PARAMETERS, ExperimentSpec

_DEFAULTS = {row.path: row.default for row in PARAMETERS}


def spec_problems(spec: ExperimentSpec) -> tuple[Problem, ...]:
    """What is wrong with a spec whatever the data."""
    return tuple(problem for check in _CHECKS for problem in check(spec))


def data_problems(spec: ExperimentSpec, dataset: ImageDataset, split: Split) -> tuple[Problem, ...]:
    """What is wrong with a spec for these data."""
    return (*_unused_shares(spec, dataset), *_unused_groups(spec, dataset), *_unused_limits(spec, dataset, split))


def _changed(spec: ExperimentSpec, path: str) -> bool:
    section, name = path.split(".") if "." in path else (None, path)
    value = getattr(getattr(spec, section), name) if section else getattr(spec, name)
    return bool(value) and bool(value != _DEFAULTS[path])


def _without_effect(spec: ExperimentSpec, paths: Sequence[str], because: str, remedy: str) -> Iterator[Problem]:
    for path in paths:
        if _changed(spec, path):
            # A preset may have set it, so "leave it out" alone would not do.
            written = json.dumps(_DEFAULTS[path])
            yield Problem(path, f"has no effect: {because}", f"{remedy} Its default is {written}.")


def _image_size(spec: ExperimentSpec) -> Iterator[Problem]:
    backbone = BACKBONES[spec.backbone.name]
    if spec.image_size < backbone.minimum_size:
        message = f"received {spec.image_size}; {backbone.title} takes {backbone.minimum_size} pixels or more"
        yield Problem("data.image_size", message, "Raise it, or choose another backbone.")


def _weights(spec: ExperimentSpec) -> Iterator[Problem]:
    yield from weights.problems(BACKBONES[spec.backbone.name], spec.backbone.weights)


def _all_frozen(spec: ExperimentSpec) -> bool:
    backbone = BACKBONES[spec.backbone.name]
    top = used_cuts(backbone, spec.backbone.output)[-1]
    return last_frozen(backbone, spec.backbone.freeze, spec.backbone.output) == top


def _nothing_thaws(spec: ExperimentSpec) -> Iterator[Problem]:
    if _all_frozen(spec) and spec.head.classifier not in SOLVED:
        paths = ("train.head_epochs", "train.backbone_learning_rate", "train.update_batch_norm")
        remedy = "Thaw some of the top blocks (freeze depth all-but-2, say), or put it back."
        yield from _without_effect(spec, paths, "every block is frozen", remedy)


def _nothing_frozen(spec: ExperimentSpec) -> Iterator[Problem]:
    if spec.backbone.freeze == "none" and not spec.train.head_epochs:
        remedy = "Freeze some blocks, or leave it out."
        yield from _without_effect(spec, ("train.feature_cache",), "no block is frozen", remedy)


def _solved_classifier(spec: ExperimentSpec) -> Iterator[Problem]:
    kind = spec.head.classifier
    if kind not in SOLVED:
        return
    if not _all_frozen(spec):
        message = f"received {spec.backbone.freeze!r}; {kind} is solved on features that do not change"
        yield Problem("backbone.freeze", message, "Set it to all, or choose the softmax classifier.")
    if kind == "linear-svm" and not spec.head.l2:
        yield Problem("head.l2", "received 0; a linear SVM needs a penalty", "Set it to 0.0001, say.")
    neural = ("head.hidden", "head.dropout", "head.l1", "augment")
    steps = (
        "train.epochs",
        "train.head_epochs",
        "train.batch_size",
        "train.learning_rate",
        "train.backbone_learning_rate",
    )
    others = ("train.update_batch_norm", "train.best", "train.keep_checkpoints")
    because = f"{kind} is solved at once by scikit-learn"
    yield from _without_effect(
        spec, (*neural, *steps, *others), because, "Leave it out, or choose the softmax classifier."
    )


def _idle_augmentations(spec: ExperimentSpec) -> Iterator[Problem]:
    for step in spec.augment:
        if step.amount == 0:
            yield Problem(f"augment.{step.name}", "has no effect with an amount of 0", "Raise it, or leave it out.")


_CHECKS: tuple[Callable[[ExperimentSpec], Iterator[Problem]], ...] = (
    _image_size,
    _weights,
    _nothing_thaws,
    _nothing_frozen,
    _solved_classifier,
    _idle_augmentations,
)


def _unused_shares(spec: ExperimentSpec, dataset: ImageDataset) -> Iterator[Problem]:
    came_with = {item.part for item in dataset.items} - {None, "train"}
    if not came_with:
        return
    unused = ["data.test_share"]
    if "validation" in came_with:
        unused += ["data.validation_share", "data.group_by"]
        unused += [] if spec.data.images_per_class or spec.data.label_noise else ["data.split_seed"]
    because = f"the data came split ({', '.join(sorted(map(str, came_with)))} beside train)"
    yield from _without_effect(spec, unused, because, "Leave it out.")


def _unused_groups(spec: ExperimentSpec, dataset: ImageDataset) -> Iterator[Problem]:
    groups, contents = ({getattr(item, name) for item in dataset.items} for name in ("group", "digest"))
    if len(groups) == len(contents) and not any(item.part for item in dataset.items):
        because = f"no two different images of these data have the same {spec.data.group_by}"
        yield from _without_effect(spec, ["data.group_by"], because, "Leave it out.")


def _unused_limits(spec: ExperimentSpec, dataset: ImageDataset, split: Split) -> Iterator[Problem]:
    limit = spec.data.images_per_class
    largest = max((dataset.labels[split.train] == label).sum() for label in range(len(dataset.class_names)))
    if limit is not None and limit > largest:
        message = f"has no effect: received {limit}, and no class has more than {largest} training images"
        yield Problem("data.images_per_class", message, "Lower it, or leave it out.")
    if spec.data.label_noise and not len(split.mislabelled):
        message = f"has no effect: {spec.data.label_noise:g} of {len(split.train)} training images is less than one"
        yield Problem("data.label_noise", message, "Raise it, or leave it out.")
