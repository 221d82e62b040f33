"""Problems and inactive settings of a spec, found before a run starts, by field, with a remedy.

An inactive setting is refused rather than ignored: if you changed it, you expect a difference, and would read one into the
curves. A setting at its default, or switched off, is never a problem.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from tl_core import forks
from tl_core.backbones import weights
from tl_core.data.dataset import ImageDataset
from tl_core.data.missing import missing
from tl_core.data.split import Split
from tl_core.errors import BadInput, Problem, nearest
from tl_core.experiment.resolve import Experiment
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.experiment.spec.training import written
from tl_core.plan.inactive_settings import inactive_data_settings, inactive_settings
from tl_core.store import checkpoints
from tl_core.text import counted

_DEFAULTS = {row.path: row.default for row in PARAMETERS}


def spec_problems(experiment: Experiment) -> tuple[Problem, ...]:
    """Problems of a spec that do not depend on the data."""
    return tuple(problem for check in _CHECKS for problem in check(experiment))


def data_problems(spec: ExperimentSpec, dataset: ImageDataset, split: Split) -> tuple[Problem, ...]:
    """Problems of a spec with these data."""
    return (
        *_unused_layout(spec, dataset),
        *_unknown_missing(spec, dataset),
        *_inactive_with_data(spec, dataset),
        *_whole_shares(spec, dataset),
        *_unused_groups(spec, dataset),
        *_unused_limits(spec, dataset, split),
    )


def _changed(spec: ExperimentSpec, path: str) -> bool:
    value = spec.value(path)
    return bool(value) and bool(value != _DEFAULTS[path])


def _without_effect(spec: ExperimentSpec, paths: Iterable[str], because: str, remedy: str) -> Iterator[Problem]:
    for path in paths:
        if _changed(spec, path):
            # A preset may have set it, so "leave it out" alone would not do.
            written = json.dumps(_DEFAULTS[path])
            yield Problem(path, f"has no effect: {because}", f"{remedy} Its default is {written}.")


def _inactive(experiment: Experiment) -> Iterator[Problem]:
    for path, found in inactive_settings(experiment).items():
        yield from _without_effect(experiment.spec, (path,), found.because, found.remedy)


def _image_size(experiment: Experiment) -> Iterator[Problem]:
    backbone, size = experiment.backbone, experiment.image_size
    if size < backbone.minimum_size:
        message = f"received {size}; {backbone.title} needs {backbone.minimum_size} pixels or more"
        yield Problem("data.image_size", message, "Raise it, or choose another backbone.")


def _weights(experiment: Experiment) -> Iterator[Problem]:
    yield from weights.problems(experiment.backbone, experiment.spec.backbone.weights)


def _solved_classifier(experiment: Experiment) -> Iterator[Problem]:
    spec, row = experiment.spec, experiment.spec.head.solver
    if row is None:
        return
    if experiment.frozen != experiment.top:
        where = "backbone.keep" if spec.backbone.keep != "all" else "backbone.freeze"
        message = f"received {spec.flat()[where]!r}; {row.name} needs frozen features"
        yield Problem(where, message, "Set it to all, or choose the softmax classifier.")
    if row.needs_l2 and not spec.head.l2:
        yield Problem("head.l2", f"received 0; {row.name} needs a penalty", "For example 0.0001.")


def _joined_outputs(experiment: Experiment) -> Iterator[Problem]:
    if len(experiment.outputs) > 1 and experiment.frozen != experiment.top:
        message = f"received {experiment.spec.backbone.output}; joined features need every block frozen"
        remedy = f"Set backbone.freeze and backbone.keep to all, or name one block, such as {experiment.top}."
        yield Problem("backbone.output", message, remedy)


def _mirrored(experiment: Experiment) -> Iterator[Problem]:
    if experiment.spec.backbone.mirror and experiment.frozen != experiment.top:
        message = "received true; averaging with the mirror image needs every block frozen"
        remedy = "Switch it off, or set backbone.freeze and backbone.keep to all."
        yield Problem("backbone.mirror", message, remedy)


def _inactive_augmentations(experiment: Experiment) -> Iterator[Problem]:
    for step in experiment.spec.augment:
        if step.amount == 0:
            yield Problem(f"augment.{step.name}", "has no effect with an amount of 0", "Raise it, or leave it out.")


def _stages(experiment: Experiment) -> Iterator[Problem]:
    """Each stage has to thaw more than the one before it, and the last phase more than the last stage."""
    spec = experiment.spec
    before, depth, last = "", _depth(experiment, "all"), _depth(experiment, spec.backbone.freeze)
    for stage in () if _stages_are_inactive(experiment) else spec.train.stages:
        try:
            now = _depth(experiment, stage.freeze)
        except BadInput as error:
            yield Problem("train.stages", error.problems[0].message, error.problems[0].remedy)
            continue
        said = f"received {written(stage)}, which"
        if now >= depth:
            than = f"no less than {before}" if before else "everything"
            remedy = "Write the stages from the top down: all-but-1:3, then all-but-2:3."
            yield Problem("train.stages", f"{said} freezes {than}", remedy)
        elif now <= last:
            remedy = "Thaw more in the last phase (backbone.freeze), or leave this stage out."
            yield Problem("train.stages", f"{said} thaws no less than the last phase ({spec.backbone.freeze})", remedy)
        before, depth = written(stage), now


def _stages_are_inactive(experiment: Experiment) -> bool:
    """Whether nothing thaws to the end: `inactive_settings` has the reason."""
    return experiment.solved or experiment.frozen == experiment.top


def _depth(experiment: Experiment, freeze: str) -> int:
    """Number of frozen blocks; raises BadInput for an unknown block."""
    return len(experiment.blocks) - len(experiment.above(experiment.frozen_at(freeze)))


def _weight_decay(experiment: Experiment) -> Iterator[Problem]:
    optimizer = experiment.spec.optimizer
    if optimizer.name == "adamw" and not optimizer.weight_decay and not experiment.solved:
        yield Problem(
            "optimizer.weight_decay",
            "received 0; without it adamw is adam",
            "For example 0.01; or choose adam.",
        )


def _warm_up(experiment: Experiment) -> Iterator[Problem]:
    warmup = experiment.spec.schedule.warmup_epochs
    if not warmup or experiment.solved or not _can_be_phased(experiment):
        return
    shortest = min(experiment.phases, key=lambda phase: phase.epochs)
    if warmup > shortest.epochs:
        message = f"received {warmup:g}; the phase {shortest.title} has {counted(shortest.epochs, 'epoch')}"
        yield Problem("schedule.warmup_epochs", message, "Lower it, or train longer.")


def _kept_epochs(experiment: Experiment) -> Iterator[Problem]:
    every = experiment.spec.train.checkpoint_every
    if every and not experiment.solved and _can_be_phased(experiment) and every > experiment.epochs:
        message = f"has no effect: received {every}, and the run ends after epoch {experiment.epochs}"
        yield Problem("train.checkpoint_every", message, "Lower it, or leave it out.")


def _quantiser(experiment: Experiment) -> Iterator[Problem]:
    if experiment.spec.train.prefix_precision == "int8" and find_spec("nncf") is None:
        yield Problem(
            "train.prefix_precision", "int8 needs the package nncf", "Install it (pip install nncf), or choose another."
        )


def _can_be_phased(experiment: Experiment) -> bool:
    return not any(_stages(experiment)) and not (experiment.spec.train.stages and _stages_are_inactive(experiment))


_CHECKS: tuple[Callable[[Experiment], Iterator[Problem]], ...] = (
    _image_size,
    _weights,
    _solved_classifier,
    _joined_outputs,
    _mirrored,
    _inactive,
    _inactive_augmentations,
    _stages,
    _weight_decay,
    _warm_up,
    _kept_epochs,
    _quantiser,
)


def start_problems(experiment: Experiment, models: Path) -> tuple[Problem, ...]:
    """Why a fork cannot continue from its checkpoint: it is not kept, or does not fit; empty if the spec is not a fork."""
    spec = experiment.spec
    if not spec.start.run:
        return ()
    try:
        parent = forks.parent_of(models, spec)
        kept = [entry.epoch for entry in checkpoints.kept(parent)]
        if spec.start.epoch in kept:
            return forks.problems(parent, experiment)
    except BadInput as error:
        return error.problems
    remedy = f"Kept are epochs {', '.join(map(str, kept))}." if kept else "Wait for its first epoch."
    return (Problem("start.epoch", f"{parent.id} keeps no checkpoint of epoch {spec.start.epoch}", remedy),)


def _unused_layout(spec: ExperimentSpec, dataset: ImageDataset) -> Iterator[Problem]:
    if dataset.layout is not None and not dataset.layout.chosen:
        because = "the folders at the top are the classes without it"
        yield from _without_effect(spec, ["data.layout"], because, "Leave it out.")


def _unknown_missing(spec: ExperimentSpec, dataset: ImageDataset) -> Iterator[Problem]:
    """Names of nothing. That nothing of a name is missing yet is no problem: broken images are known once they are decoded."""
    layout = dataset.layout
    if layout is None or not spec.data.accept_missing:
        return
    keys = [*(item.key for item in dataset.items), *(item.key for item in dataset.skipped)]
    known = {layout.class_folder(key) for key in keys}
    known |= {part.folder for part in layout.parts} | {one.name for one in missing(dataset)}
    for name in spec.data.accept_missing:
        if name not in known:
            close = nearest(name, filter(None, known))
            remedy = f"Did you mean {' or '.join(close)}?" if close else "Leave it out."
            yield Problem("data.accept_missing", f"there is no class or part in a folder {name!r}", remedy)


def _whole_shares(spec: ExperimentSpec, dataset: ImageDataset) -> Iterator[Problem]:
    """Shares of the same images that leave none for training; `split` keeps at least one of each class, which trains nothing."""
    validation, test = spec.data.validation_share, spec.data.test_share
    if {item.part for item in dataset.items} == {None} and validation + test >= 1:
        message = f"received {test:g}; with the validation share of {validation:g} no images are left for training"
        yield Problem("data.test_share", message, "Lower one of them, so that both together are below 1.")


def _inactive_with_data(spec: ExperimentSpec, dataset: ImageDataset) -> Iterator[Problem]:
    for path, found in inactive_data_settings(spec.data, dataset).items():
        yield from _without_effect(spec, (path,), found.because, found.remedy)


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
