"""What the rules of the verdicts look at: a run's curves and outputs, and what follows from them, computed once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tl_core.diagnosis import onset
from tl_core.diagnosis.ladder import difference, ladder_of, share
from tl_core.diagnosis.memorised import Memorised, memorised
from tl_core.diagnosis.types import GapLadder, Turn
from tl_core.diagnosis.windows import binned, bins
from tl_core.experiment.spec import ExperimentSpec
from tl_core.intervals import Estimate
from tl_core.metrics import TRAIN_EVAL_IMAGES
from tl_core.records import RunState
from tl_core.store import Epochs, Outputs, run_figures

FEWEST = 4
"""With fewer epochs nothing is said about the shape of curves."""

FEWEST_IMAGES = 20
"""With fewer validation images nothing is said about their expected loss: means of so few are not normal, nor their spread known."""

Z_TURN = 1.644854
"""A rise is a turn if it is larger than so many standard errors: a one-sided level of 5 %."""

RELEVANT = 0.05
"""... and larger than this share of the lowest loss (the GL criterion of Prechelt 1998): many images show rises that do not matter."""

Z_POWER = 0.841621
"""Standard errors that a rise has to lie above the limit, to be seen with a probability of 80 %."""


@dataclass(frozen=True)
class Observed:
    """A run as the rules see it; of a fork, its own epochs.

    Attributes:
        validation, training: Outputs on the validation images, and on the training images of train_eval; empty if unknown.
        twins: Whether each validation image has a near-twin among the training images; None if no one looked.
        inherited: Number of epochs before these that a fork inherited.
    """

    spec: ExperimentSpec
    state: RunState
    records: Epochs
    validation: Outputs
    training: Outputs
    twins: np.ndarray | None = None
    running: bool = field(default=False)
    inherited: int = 0

    @property
    def epochs(self) -> int:
        return len(self.records)

    @property
    def shaped(self) -> bool:
        """Whether there are enough epochs to speak of the shape of curves."""
        return self.epochs >= FEWEST

    @property
    def solved(self) -> bool:
        """Whether its classifier was solved at once: it has no curve, and never will."""
        return self.spec.head.solved

    @property
    def settled(self) -> bool:
        """Whether its accuracies may be judged: after enough epochs, or where there is nothing more to come."""
        return self.shaped or self.solved

    @cached_property
    def clean(self) -> np.ndarray:
        """Clean training losses: shape (epochs,)."""
        return self.records.column("train_eval_loss")

    @cached_property
    def val_loss(self) -> np.ndarray:
        return self.records.column("val_loss")

    @cached_property
    def end(self) -> int:
        """Number of epochs that make the end of the run."""
        return onset.end_of(self.epochs)

    def at_end(self, name: str) -> float:
        """The median of a metric over the end of the run; NaN if it is unknown."""
        return float(np.median(self.records.column(name)[-self.end :]))

    @cached_property
    def chance_loss(self) -> float:
        """The loss of a network that gives every class the same probability; NaN if the number of classes is unknown."""
        return math.log(self.classes) if self.classes else math.nan

    @cached_property
    def classes(self) -> int:
        """0 if unknown."""
        if self.state.classes:
            return self.state.classes
        labels = self.validation.labels
        return int(labels.max()) + 1 if len(labels) and labels.max() > 0 else 0

    @cached_property
    def clean_images(self) -> int:
        return min(self.state.images.get("train", 0), TRAIN_EVAL_IMAGES)

    @cached_property
    def losses(self) -> onset.Losses | None:
        """Validation losses of the epochs looked at; None if those of the images are unknown."""
        known = min(self.validation.epochs, self.epochs)
        if not known or known < self.epochs or self.validation.loss.shape[1] < 2:
            return None
        predicted = self.validation.predicted[:known]
        correct = np.asarray(predicted == self.validation.labels) if (predicted >= 0).all() else None
        numbers = self.records.column("epoch").astype(np.int64)
        return onset.Losses.of(numbers, self.validation.loss[:known], correct)

    @property
    def few_images(self) -> bool:
        """Whether the losses of validation images are known, but of too few to say something about the expected loss."""
        return self.losses is not None and self.losses.images < FEWEST_IMAGES

    @cached_property
    def rise(self) -> onset.Rise | None:
        """The rise of the expected validation loss; None if it cannot be estimated."""
        return onset.rise_of(self.losses) if self.losses and self.shaped and not self.few_images else None

    @cached_property
    def lowest(self) -> tuple[int, int] | None:
        """The interval of the epoch with the lowest expected validation loss."""
        return onset.lowest_epochs(self.losses) if self.losses and self.rise else None

    @cached_property
    def turn(self) -> Turn | None:
        """None if no turn can be seen."""
        if self.rise is None or self.lowest is None or self.losses is None:
            return None
        if self.rise.loss.value <= max(Z_TURN * self.rise.error, RELEVANT * self.lowest_loss):
            return None
        low, high = self.lowest
        last = int(self.losses.epochs[-1, 1])
        return Turn(self._lowest_between(low, high), low, high, last, self.rise.loss, self.rise.accuracy)

    def _lowest_between(self, low: int, high: int) -> int:
        """The epoch of the lowest mean loss of the validation images, of some epochs."""
        numbers = self.records.column("epoch").astype(int)
        places = np.flatnonzero((numbers >= low) & (numbers <= high))
        return int(numbers[places[np.nanargmin(self.validation.loss[places].mean(axis=1, dtype=np.float64))]])

    @property
    def lowest_loss(self) -> float:
        """The lowest mean validation loss: in long runs of a bin of epochs."""
        return float(self.val_loss.min() if self.losses is None else self.losses.mean.min())

    @property
    def lowest_clean(self) -> float:
        """The lowest clean training loss, in the same way."""
        return float(binned(self.clean, bins(self.epochs, onset.MOST)).min())

    @cached_property
    def smallest_effect(self) -> float | None:
        """The rise of the loss that these images would have shown with a probability of 80 %."""
        if self.rise is None:
            return None
        limit = max(Z_TURN * self.rise.error, RELEVANT * self.lowest_loss)
        return self.rise.luck + limit + Z_POWER * self.rise.error

    @cached_property
    def lead(self) -> Estimate | None:
        """By how much the best epoch's network beats those at the end, where no turn can be seen; None if it may be one of these, or is unknown."""
        if self.losses is None or self.lowest is None or self.turn:
            return None
        return onset.lead_of(self.losses) if self.lowest[1] < self.losses.epochs[self.losses.last, 0].min() else None

    @cached_property
    def memorised(self) -> Memorised | None:
        """What was learned after what is general; None if outputs on training images are unknown."""
        outputs = self.training
        if not self.shaped or outputs.epochs < self.epochs or outputs.loss.shape[1] < 2 or not self._validated:
            return None
        best = int(self.val_loss.argmin())
        around = slice(max(best - self.end // 2, 0), best + (self.end + 1) // 2)
        loss = np.asarray(outputs.loss[around], np.float64).mean(axis=0)
        general = slice(self._general, self._general + (self.end + 1) // 2)
        early, end = (self._mostly_right(places) for places in (general, slice(self.epochs - self.end, self.epochs)))
        if early is None or end is None or not np.isfinite(loss).all():
            return None
        accuracy = float(self.records.column("val_accuracy")[general].mean())
        return memorised(loss, early, end, (accuracy, self._validated))

    @property
    def _general(self) -> int:
        """The place of the epoch by which the network has learned most of what is general: validation accuracy is at 90 % of its highest."""
        accuracy = self.records.column("val_accuracy")
        return int(np.argmax(accuracy >= 0.9 * accuracy.max()))

    def _mostly_right(self, places: slice) -> np.ndarray | None:
        """Whether the label of each training image is predicted in more than half of some epochs; None if a prediction is unknown."""
        predicted = self.training.predicted[places]
        return np.asarray((predicted == self.training.labels).mean(axis=0) > 0.5) if (predicted >= 0).all() else None

    @property
    def _validated(self) -> int:
        return self.state.images.get("validation", 0)

    @cached_property
    def ladder(self) -> GapLadder | None:
        figures = run_figures(self.spec, self.state, self.records)
        if figures is None:
            return None
        place = int(np.flatnonzero(self.records.column("epoch") == figures.exported.epoch)[0])
        known = place < self.validation.epochs and (self.validation.predicted[place] >= 0).all()
        correct = self.validation.predicted[place] == self.validation.labels if known else None
        return ladder_of(self.records[place], self.state, correct, self.twins)

    @cached_property
    def last_gap(self) -> Estimate | None:
        """Clean training accuracy minus validation accuracy, at the end; None if unknown."""
        clean, validated = self.at_end("train_eval_accuracy"), self.at_end("val_accuracy")
        images = self.state.images.get("validation", 0)
        if math.isnan(clean) or math.isnan(validated) or not images or not self.clean_images:
            return None
        return difference(share(clean, self.clean_images), share(validated, images))
