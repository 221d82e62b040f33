"""The provenance of a run: images, weights, versions, device; recorded at the start and checked on resume."""

from __future__ import annotations

import logging
import os
import platform
from importlib.metadata import version
from typing import Any

from tl_core.engine.backend import device_name
from tl_core.engine.results.measures import loss_name
from tl_core.engine.training.phase_data import RunContext
from tl_core.errors import RunFailed
from tl_core.experiment.resolve import Experiment
from tl_core.plan import phase_plan
from tl_core.records import Environment, PlannedPhase
from tl_core.store import read_state, write_state
from tl_core.store.live_changes import changes_in_force

log = logging.getLogger(__name__)

OTHER_ENVIRONMENT = "Resumed with other packages or another device; results may not be bit-identical."


def begin(context: RunContext) -> None:
    """Records the provenance in the run's state.

    Raises:
        RunFailed: images or weights differ from those of earlier epochs, or a stage freezes what was trained.
    """
    experiment, known = context.experiment, read_state(context.run)
    _check_order(experiment)
    data = context.data.dataset.fingerprint
    weights = experiment.weights_identity
    _check_same("images", known.data, data)
    _check_same("pretrained weights", known.weights, weights)
    other = known.environment not in (None, environment())
    if other:
        log.warning("%s It was %s and is %s.", OTHER_ENVIRONMENT, known.environment, environment())
    message = OTHER_ENVIRONMENT if other else ""
    changes = {"data": data, "weights": weights, "epochs": experiment.epochs, "environment": environment()}
    write_state(context.run, message=message, **changes, **_counts(context), phases=planned(context))
    log.info("%d classes, images %s, on %s.", len(context.classes), _counts(context)["images"], device_name())


def planned(context: RunContext) -> tuple[PlannedPhase, ...]:
    """The phases and their estimated seconds, for the time left."""
    images, classes = _counts(context)["images"], len(context.classes)
    in_force = context.experiment.with_changes(changes_in_force(context.run)).phases
    plans = [phase_plan(phase, images, classes) for phase in in_force]
    return tuple(PlannedPhase(plan.phase.title, plan.phase.first, plan.phase.last, plan.seconds) for plan in plans)


def environment() -> Environment:
    """What figures depend on besides the spec."""
    packages = {name: version(name) for name in ("tensorflow", "keras", "openvino", "numpy", "pillow")}
    return Environment(packages, platform.python_version(), device_name(), os.cpu_count())


def _counts(context: RunContext) -> dict[str, Any]:
    split = context.data.split
    return {
        "images": {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
        "classes": len(context.classes),
        "skipped": len(context.data.dataset.skipped),
        "loss_name": loss_name(context.spec.head),
    }


def _check_order(experiment: Experiment) -> None:
    """No phase may freeze what an earlier phase trained: its checkpoints and cached features would miss it."""
    depths = [len(phase.thawed) for phase in experiment.phases]
    if depths != sorted(depths):
        raise RunFailed("A stage freezes blocks that were trained before. Write train.stages from the top down.")


def _check_same(what: str, known: str | None, found: str) -> None:
    if known not in (None, found):
        raise RunFailed(f"The {what} have changed since this run began. Restore them and resume, or start a new run.")
