"""Early stopping, as a function of the epochs so far: nothing has to be saved to resume a run.

patience: `patience` epochs or more since the last improvement by at least `min_delta` (as in Keras's
EarlyStopping).

The others are from Prechelt 1998, "Early Stopping - but when?". With E_va(t) the validation loss of epoch t, E_tr(t) the mean training loss
measured during it, E_opt(t) the lowest validation loss so far, and k epochs in a strip:

    GL(t)  = 100 * (E_va(t) / E_opt(t) - 1)                                                 generalisation loss, in percent
    P_k(t) = 1000 * (sum of E_tr over the strip that ends at t / (k * their minimum) - 1)   progress in training, in per mille

GL: the first epoch with GL(t) > threshold. PQ: the first end of a strip with GL(t) / P_k(t) > threshold. UP: the first end of a strip at
which E_va(t) > E_va(t - k) holds for the `patience`-th strip in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tl_core.experiment.spec import StoppingSpec
from tl_core.text import counted, percent

Line = Mapping[str, Any]


def stop_epoch(spec: StoppingSpec, lines: Sequence[Line], first: int) -> tuple[int, str] | None:
    """The epoch after which a run stops, and the reason as a sentence; None if it continues.

    Args:
        lines: The lines of a run so far, in order, with `epoch`, `loss`, `val_loss` and `val_accuracy`.
        first: The first epoch of the last phase; earlier epochs are ignored.
    """
    if spec.rule == "off":
        return None
    counted = [line for line in lines if line["epoch"] >= first]
    for end in range(1, len(counted) + 1):
        if why := _RULES[spec.rule](spec, counted[:end]):
            return int(counted[end - 1]["epoch"]), why
    return None


def ends_now(spec: StoppingSpec, lines: Sequence[Line], first: int) -> tuple[int, str] | None:
    """`stop_epoch` for a run that has not stopped before its newest epoch: checks only that epoch."""
    counted = [line for line in lines if line["epoch"] >= first]
    why = _RULES[spec.rule](spec, counted) if counted and spec.rule != "off" else None
    return (int(counted[-1]["epoch"]), why) if why else None


def _patience(spec: StoppingSpec, lines: Sequence[Line]) -> str | None:
    better = -1 if spec.metric == "val_loss" else 1
    best = lines[0]
    for line in lines[1:]:
        if better * (line[spec.metric] - best[spec.metric]) > spec.min_delta:
            best = line
    waited = lines[-1]["epoch"] - best["epoch"]
    if waited < spec.patience:
        return None
    name, direction = ("loss", "fallen below") if spec.metric == "val_loss" else ("accuracy", "risen above")
    by = f" by {spec.min_delta:g}" if spec.min_delta else ""
    return f"Validation {name} has not {direction} the {best[spec.metric]:.4g} of epoch {best['epoch']}{by} for {counted(waited, 'epoch')}."


def _generalisation_loss(spec: StoppingSpec, lines: Sequence[Line]) -> str | None:
    lost, lowest = _lost(lines)
    if lost <= spec.threshold:
        return None
    return f"Validation loss is {percent(lost / 100)} above its lowest, that of epoch {lowest} (GL over {spec.threshold:g})."


def _quotient(spec: StoppingSpec, lines: Sequence[Line]) -> str | None:
    if len(lines) % spec.strip:
        return None
    losses = [line["loss"] for line in lines[-spec.strip :]]
    lost, lowest = _lost(lines)
    # A training loss of zero cannot progress.
    progress = 1000 * (sum(losses) / (spec.strip * min(losses)) - 1) if min(losses) > 0 else 0.0
    # As a product: without progress, a quotient would divide by zero.
    if lost <= spec.threshold * progress:
        return None
    return (
        f"Validation loss is {percent(lost / 100)} above its lowest, that of epoch {lowest}, while the last {counted(spec.strip, 'epoch')} lowered "
        f"training loss by {progress:.1f} per mille (PQ over {spec.threshold:g})."
    )


def _strips(spec: StoppingSpec, lines: Sequence[Line]) -> str | None:
    ends = [line["val_loss"] for line in lines[spec.strip - 1 :: spec.strip]]
    if len(lines) % spec.strip or len(ends) <= spec.patience:
        return None
    last = ends[-spec.patience - 1 :]
    if any(later <= earlier for earlier, later in pairwise(last)):
        return None
    number = "a strip" if spec.patience == 1 else f"{spec.patience} strips in a row"
    return f"Validation loss has risen over {number} of {counted(spec.strip, 'epoch')} (UP)."


def _lost(lines: Sequence[Line]) -> tuple[float, int]:
    """GL of the last epoch, in percent, and the epoch of the lowest validation loss."""
    lowest, last = min(lines, key=lambda line: line["val_loss"]), lines[-1]["val_loss"]
    if last == lowest["val_loss"]:  # Also if both are zero.
        return 0.0, lowest["epoch"]
    return 100 * (last / lowest["val_loss"] - 1) if lowest["val_loss"] > 0 else float("inf"), lowest["epoch"]


_RULES: dict[str, Callable[[StoppingSpec, Sequence[Line]], str | None]] = {
    "patience": _patience,
    "GL": _generalisation_loss,
    "PQ": _quotient,
    "UP": _strips,
}
