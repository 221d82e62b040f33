"""Which settings a fork may change, and the settings of a fork without changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tl_core.data.names import class_name
from tl_core.data.prepare import listed
from tl_core.errors import Problem
from tl_core.experiment.phases import Phase, PhaseLabel
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.spec.training import written
from tl_core.store.live_changes import changes_in_force
from tl_core.store.run import Run, classes_of, read_spec
from tl_core.store.state import read_state
from tl_core.text import first_of

_OTHER_LAYERS = "the weights of the checkpoint belong to the layers of {before}"
_LEAKS = "it would validate on images that were trained on"
FIXED = {
    **dict.fromkeys(("backbone.name", "backbone.output", "backbone.keep", "head.hidden"), _OTHER_LAYERS),
    "backbone.weights": "the frozen layers of the checkpoint were {before}",
    **dict.fromkeys(("data.validation_share", "data.test_share", "data.group_by", "data.split_seed"), _LEAKS),
}
"""Settings a fork cannot change, and why; `before` is the parent's."""

_NORMALISED = "the layers above were trained on normalised inputs"
_DRAWN = "random weights that are not in the checkpoint were drawn with it"
_AS_BEFORE = "Keep the parent's value, or start a new run."


def fixed_settings(spec: ExperimentSpec) -> dict[str, str]:
    """The settings that a fork of a run with this spec cannot change, by path, each with the reason."""
    fixed = {path: why.format(before=_written(spec.value(path))) for path, why in FIXED.items()}
    if spec.head.batch_norm:
        fixed["head.batch_norm"] = _NORMALISED
    if spec.backbone.weights == "random" or spec.backbone.keep != "all":
        fixed["train.seed"] = _DRAWN
    return fixed


def settings_at(run: Run, epoch: int) -> ExperimentSpec:
    """The settings of a run in an epoch, including live changes up to then."""
    spec = read_spec(run)
    for adjustment in changes_in_force(run):
        if adjustment.epoch <= epoch:
            spec = spec.with_values(adjustment.values)
    return spec


def continued(run: Run, epoch: int) -> ExperimentSpec:
    """The settings of a fork without changes: the remaining phases of the run with what is left of their schedules.

    After the last epoch: the last phase and its schedule again.
    """
    spec = settings_at(run, epoch)
    planned = resolve(spec).phases
    left = {phase.label: phase.last - max(epoch, phase.first - 1) for phase in planned if phase.last > epoch}
    stages = [
        written(stage.model_copy(update={"epochs": left[label]}))
        for number, stage in enumerate(spec.train.stages, 1)
        if (label := PhaseLabel("thaw", number)) in left
    ]
    changes: dict[str, Any] = {
        "train.epochs": left.get(planned[-1].label, spec.train.epochs),
        "train.stages": stages,
        "start": {"run": run.id, "epoch": epoch, "schedule_from": _schedule_from(planned, epoch)},
    }
    if planned[-1].label.kind != "head":  # If nothing thaws, there is no separate phase of the head.
        changes["train.head_epochs"] = left.get(PhaseLabel("head"), 0)
    return spec.with_values(changes)


def _schedule_from(planned: Sequence[Phase], epoch: int) -> int | None:
    """The first epoch of the schedule that is under way after an epoch; None if the next epoch begins one."""
    spans = (phase.schedule_span for phase in planned)
    return next((first for first, last in spans if first <= epoch < last), None)


def problems(parent: Run, experiment: Experiment) -> tuple[Problem, ...]:
    """Why an experiment cannot continue from a checkpoint of a run, by setting; empty if it can."""
    before, spec = read_spec(parent), experiment.spec
    found = [*_fixed(before, spec), *_classifier(parent, before, spec)]
    return tuple(found or [*_weights_file(parent, experiment), *_classes(parent, before, spec)])


def fork_warnings(parent: Run, experiment: Experiment) -> tuple[str, ...]:
    """Warnings about an allowed fork."""
    before, said = resolve(read_spec(parent)), []
    now, was = (one.spec.data.grey_range for one in (experiment, before))
    if experiment.spec.data.source != before.spec.data.source:
        said.append(
            "The fork uses other images than its parent: it may validate on images that were trained on, and its curves are not "
            "comparable with the inherited epochs."
        )
    if experiment.passes != before.passes:
        only = "fork" if experiment.passes > before.passes else "parent"
        said.append(f"Only the {only} averages features with the mirror image: a jump in the curves is not progress.")
    if now != was:
        said.append(f"The fork reads 16-bit grey as {now}, its parent as {was}: a jump in the curves is not progress.")
    if experiment.image_size != before.image_size:
        said.append(
            f"The fork uses images of {experiment.image_size} pixels, its parent {before.image_size}: a jump in the curves is not progress."
        )
    return tuple(said)


def _fixed(before: ExperimentSpec, spec: ExperimentSpec) -> Iterator[Problem]:
    for path, reason in fixed_settings(before).items():
        was, now = before.value(path), spec.value(path)
        if was != now:
            yield Problem(
                path, f"received {_written(now)}; a fork cannot change it from {_written(was)}: {reason}", _AS_BEFORE
            )


def _written(value: Any) -> str:
    return json.dumps(value).strip('"')


def _classifier(parent: Run, before: ExperimentSpec, spec: ExperimentSpec) -> Iterator[Problem]:
    head, was = spec.head, before.head
    if head.solved:
        message = f"received {head.classifier}; it is solved in closed form, and a fork continues training"
        yield Problem("head.classifier", message, "Choose softmax, or start a new run.")
    elif was.solver and was.solver.projects:
        message = f"received {head.classifier}; the checkpoint's layers are those of {was.classifier}, with a fixed one in between"
        yield Problem("head.classifier", message, "Start a new run.")
    elif (head.classifier == "auto") != (was.classifier == "auto") and len(classes_of(parent, "start.run")) == 2:
        message = f"received {head.classifier}; the checkpoint's ({was.classifier}) has a different number of units for two classes"
        yield Problem("head.classifier", message, "Choose softmax." if was.solved else _AS_BEFORE)


def _weights_file(parent: Run, experiment: Experiment) -> Iterator[Problem]:
    now = experiment.weights_identity
    known = read_state(parent).weights or now
    if not known.startswith(now) and not now.endswith(":absent"):
        yield Problem("backbone.weights", f"the pretrained weights differ from those of {parent.id}", "Restore them.")


def _classes(parent: Run, before: ExperimentSpec, spec: ExperimentSpec) -> Iterator[Problem]:
    if (spec.data.source, spec.data.layout) == (before.data.source, before.data.layout):
        return
    known = tuple(map(class_name, classes_of(parent, "start.run")))  # An older run may have decomposed names.
    found = listed(spec.data).class_names
    if found != known:
        theirs, ours = first_of(found, 8), first_of(known, 8)
        message = f"received {spec.data.source}, with the classes {theirs}; the checkpoint has {ours}, in that order"
        yield Problem("data.source", message, "Choose images of the same classes, or start a new run.")
