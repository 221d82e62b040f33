"""Early stopping, as a function of the epochs so far: nothing has to be saved to resume a run.

patience: `patience` epochs or more since the last improvement by at least `min_delta` (as in Keras's
EarlyStopping).

The others are from Prechelt 1998, "Early Stopping - but when?". With E_va(t) the validation loss of epoch t, E_tr(t) the mean training loss
measured during it, E_opt(t) the lowest validation loss so far, and k epochs in a strip:

    GL(t)  = 100 * (E_va(t) / E_opt(t) - 1)                                                 generalisation loss, in percent
    P_k(t) = 1000 * (sum of E_tr over the strip that ends at t / (k * their minimum) - 1)   progress in training: by how many per mille the
                                                                                            mean of the strip is above its minimum

GL: the first epoch with GL(t) > threshold. PQ: the first end of a strip with GL(t) / P_k(t) > threshold. UP: the first end of a strip at
which E_va(t) > E_va(t - k) holds for the `patience`-th strip in a row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import pairwise

from tl_core.experiment.spec import StoppingSpec
from tl_core.metrics import METRICS
from tl_core.records import EpochRecord
from tl_core.text import counted, percent


class EarlyStopping:
    """Judges the epochs of the last phase one after another; each costs the same, however many came before."""

    def __init__(self, spec: StoppingSpec, first: int) -> None:
        """`first` is the first epoch of the last phase; those before do not count."""
        self._spec, self._first = spec, first
        self._count = 0
        self._best: EpochRecord | None = None
        self._lowest: EpochRecord | None = None
        self._strip: deque[float] = deque(maxlen=spec.strip)
        self._ends: deque[float] = deque(maxlen=spec.patience + 1)
        self._rule = {
            "off": lambda record: None,
            "patience": self._patience,
            "GL": self._generalisation_loss,
            "PQ": self._quotient,
            "UP": self._strips,
        }[spec.rule]

    def update(self, record: EpochRecord) -> str | None:
        """Looks at the next epoch: why the run ends with it, in a sentence; None if it goes on."""
        if record.epoch < self._first:
            return None
        self._count += 1
        if self._lowest is None or record.metrics["val_loss"] < self._lowest.metrics["val_loss"]:
            self._lowest = record
        return self._rule(record)

    def _patience(self, record: EpochRecord) -> str | None:
        row, spec = METRICS[self._spec.metric], self._spec
        value, sign = record.metrics[row.name], -1 if row.direction == "lower" else 1
        if self._best is None or sign * (value - self._best.metrics[row.name]) > spec.min_delta:
            self._best = record
        waited = record.epoch - self._best.epoch
        if waited < spec.patience:
            return None
        direction = "fallen below" if row.direction == "lower" else "risen above"
        by = f" by {spec.min_delta:g}" if spec.min_delta else ""
        best = f"{self._best.metrics[row.name]:.4g} of epoch {self._best.epoch}"
        return f"{row.title} has not {direction} the {best}{by} for {counted(waited, 'epoch')}."

    def _generalisation_loss(self, record: EpochRecord) -> str | None:
        lost, lowest = self._lost(record)
        if lost <= self._spec.threshold:
            return None
        return f"Validation loss is {percent(lost / 100)} above its lowest, that of epoch {lowest} (GL over {self._spec.threshold:g})."

    def _quotient(self, record: EpochRecord) -> str | None:
        spec = self._spec
        self._strip.append(record.metrics["loss"])
        if self._count % spec.strip:
            return None
        losses, (lost, lowest) = list(self._strip), self._lost(record)
        # Of a training loss of 0, no part can be progress.
        progress = 1000 * (sum(losses) / (spec.strip * min(losses)) - 1) if min(losses) > 0 else 0.0
        # Written as a product: training that stands still has a progress of 0.
        if lost <= spec.threshold * progress:
            return None
        return (
            f"Validation loss is {percent(lost / 100)} above its lowest, that of epoch {lowest}, while the mean "
            f"training loss of the last {counted(spec.strip, 'epoch')} is {progress:.1f} per mille above their lowest (PQ over {spec.threshold:g})."
        )

    def _strips(self, record: EpochRecord) -> str | None:
        spec = self._spec
        if self._count % spec.strip:
            return None
        self._ends.append(record.metrics["val_loss"])
        if len(self._ends) <= spec.patience or any(later <= earlier for earlier, later in pairwise(self._ends)):
            return None
        number = "a strip" if spec.patience == 1 else f"{spec.patience} strips in a row"
        return f"Validation loss has risen over {number} of {counted(spec.strip, 'epoch')} (UP)."

    def _lost(self, record: EpochRecord) -> tuple[float, int]:
        """GL of an epoch, in percent, and the epoch of the lowest validation loss."""
        assert self._lowest is not None
        lowest, last = self._lowest.metrics["val_loss"], record.metrics["val_loss"]
        if last == lowest:  # Also where both are 0.
            return 0.0, self._lowest.epoch
        return 100 * (last / lowest - 1) if lowest > 0 else float("inf"), self._lowest.epoch


def stop_epoch(spec: StoppingSpec, records: Iterable[EpochRecord], first: int) -> tuple[int, str] | None:
    """The epoch after which a run stops, and the reason as a sentence; None if it continues.

    Args:
        records: Of the run so far, in order.
        first: The first epoch of the last phase; earlier epochs are ignored.
    """
    rule = EarlyStopping(spec, first)
    judged = ((record.epoch, rule.update(record)) for record in records)
    return next(((epoch, why) for epoch, why in judged if why), None)
