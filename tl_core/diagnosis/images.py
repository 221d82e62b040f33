"""Which images make the curves of a run: validation images that turned, training images learned last, forgotten or never learned.

All of it follows from the outputs on each image after each epoch; no network is evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tl_core.diagnosis.windows import binned, bins, moving_mean
from tl_core.store import EvaluatedSplit, Outputs
from tl_core.text import counted

ImageKind = Literal["turned", "last", "forgotten", "never"]

FEWEST = 4
"""With fewer epochs nothing is said of images."""

SHIFT = 0.25
"""Nats by which the loss of an image must fall, and rise again, to have turned: its probability then falls by a fifth."""

NOISE = 3.0
"""... and so many standard deviations of its loss from epoch to epoch."""

LATE = 0.9
"""The images learned last are those learned later than this share of the learned ones."""

BINS = 500
"""A long loss curve is averaged to so many places."""

CURVE = 40
"""The most epochs of which the loss of an image is kept, for a small chart of its own."""

WINDOW, NARROWEST = 10, 3
"""Losses are smoothed over a tenth of the places, but three at least; so wide is the end of a curve, too."""


@dataclass(frozen=True, eq=False)
class ImageHistory:
    """What happened to an image.

    Attributes:
        column: Its place in the outputs of its split.
        key: Its name within the dataset; empty if it is unknown, as in runs of earlier versions.
        label: The index of its class; of a training image, the one that training was given.
        predicted: That of the class predicted in the last epoch.
        epoch: turned: that of its lowest loss. last: the first in which it was right. forgotten: the last in which it was forgotten.
            never: the last.
        amount: turned: the rise of its loss. last: its loss in the last epoch. forgotten: how often. never: its mean loss in the last epochs.
        epochs: The first epoch, the last, that of `epoch`, and evenly spread ones: at most `CURVE`, rising; int64.
        loss: Its loss after each of these: float32, the same shape; NaN if unknown.
    """

    kind: ImageKind
    split: EvaluatedSplit
    column: int
    key: str
    label: int
    predicted: int
    epoch: int
    amount: float
    epochs: np.ndarray
    loss: np.ndarray

    @property
    def correct(self) -> bool:
        """Whether it is right in the last epoch."""
        return self.label == self.predicted


@dataclass(frozen=True)
class Kind:
    """How images of a kind are found, and what that means.

    Attributes:
        rule: Which images they are, in words, and in which order they come.
        help: What they say of the run.
        source: Where the rule comes from.
    """

    title: str
    split: EvaluatedSplit
    rule: str
    help: str
    source: str


KINDS: dict[ImageKind, Kind] = {
    "turned": Kind(
        "Validation images that turned",
        "val",
        f"The loss fell by {SHIFT} below that of guessing or of the first epoch, and rose again by as much at least, and by {NOISE:g} standard "
        "deviations of its steps from epoch to epoch. Right ones that became wrong come first, then by the rise.",
        "Overfitting, image by image: the network knew better before.",
        "Prechelt 1998, Early stopping - but when?, for each image",
    ),
    "last": Kind(
        "Training images learned last",
        "train_eval",
        f"Right in the last epoch, and right for the first time later than {100 * LATE:.0f} % of the learned images. The latest come first.",
        "The hardest images, rare looks and wrong labels: networks learn what is common first, and memorise the rest.",
        "Arpit et al. 2017, A Closer Look at Memorization in Deep Networks",
    ),
    "forgotten": Kind(
        "Training images forgotten",
        "train_eval",
        "Right after one epoch and wrong after the next: a forgetting event. Those with most events come first.",
        "Images that contradict others: near the border of two classes, or wrongly labelled.",
        "Toneva et al. 2019, An Empirical Study of Example Forgetting during Deep Neural Network Learning",
    ),
    "never": Kind(
        "Training images never learned",
        "train_eval",
        "Wrong after every epoch. Those whose label the network holds least likely come first.",
        "Either too hard for this network, or wrongly labelled: look at the label.",
        "Toneva et al. 2019; Northcutt, Jiang and Chuang 2021, Confident Learning",
    ),
}


def image_histories(
    validation: Outputs, training: Outputs, keys: Mapping[EvaluatedSplit, Sequence[str]] | None = None
) -> dict[ImageKind, tuple[ImageHistory, ...]]:
    """The images of each kind, the most telling first. A kind whose outputs are known for fewer than `FEWEST` epochs is left out.

    Args:
        validation, training: As `read_outputs` gives them.
        keys: As `read_image_keys` gives them.
    """
    found: dict[ImageKind, tuple[ImageHistory, ...]] = {}
    for kind, row in KINDS.items():
        outputs = validation if row.split == "val" else training
        names = (keys or {}).get(row.split, ())
        known = np.flatnonzero(_known(outputs))
        if len(known) < FEWEST:
            continue
        whole = len(known) == outputs.epochs
        seen = outputs if whole else _at(outputs, known)
        found[kind] = tuple(
            _history(kind, outputs, (column, int(known[place]), amount), names[column] if column < len(names) else "")
            for column, place, amount in _FINDERS[kind](seen)
        )
    return found


def _history(kind: ImageKind, outputs: Outputs, found: tuple[int, int, float], key: str) -> ImageHistory:
    column, place, amount = found
    spread = np.linspace(0, outputs.epochs - 1, min(CURVE - 1, outputs.epochs)).round().astype(np.int64)
    kept = np.union1d(spread, place)
    label, predicted = int(outputs.labels[column]), int(outputs.predicted[-1, column])
    loss = outputs.loss[kept, column]
    return ImageHistory(kind, KINDS[kind].split, column, key, label, predicted, place + 1, amount, kept + 1, loss)


def sentence(history: ImageHistory) -> str:
    """What happened to an image, in one sentence without the names of classes."""
    return {
        "turned": f"Best in epoch {history.epoch:,}; since then its loss rose by {history.amount:.2f}"
        + ("." if history.correct else ", and it is wrong."),
        "last": f"Right for the first time in epoch {history.epoch:,}.",
        "forgotten": f"Forgotten {counted(int(history.amount), 'time')}, the last time in epoch {history.epoch:,}; "
        + ("right at the end." if history.correct else "wrong at the end."),
        "never": f"Wrong in all {counted(history.epoch, 'epoch')}: its loss ends at {history.amount:.2f}.",
    }[history.kind]


_Found = list[tuple[int, int, float]]
"""Column, index of the epoch, amount."""


def _known(outputs: Outputs) -> np.ndarray:
    """The epochs in which the outputs on all images are known: bool, shape (epochs,)."""
    known: np.ndarray = np.isfinite(outputs.loss.sum(axis=1)) & (outputs.predicted >= 0).all(axis=1)
    return known & bool((outputs.labels >= 0).all())


def _at(outputs: Outputs, rows: np.ndarray) -> Outputs:
    return Outputs(outputs.labels, outputs.predicted[rows], outputs.true_probability[rows], outputs.loss[rows])


def _turned(outputs: Outputs) -> _Found:
    edges = bins(outputs.epochs, BINS)
    loss = binned(outputs.loss, edges)
    smooth, end = moving_mean(loss, _window(loss)), _end(loss)
    lowest, columns = smooth.argmin(axis=0), np.arange(outputs.images)
    bottom, first = smooth[lowest, columns], loss[0]
    noise = np.diff(loss, axis=0).std(axis=0) / math.sqrt(2)
    rise, fall = end - bottom, np.maximum(first, _guessing(outputs)) - bottom
    turned = np.flatnonzero((rise >= np.maximum(SHIFT, NOISE * noise)) & (fall >= SHIFT))
    correct = outputs.correct
    places = (edges[lowest] + edges[lowest + 1]) // 2
    became_wrong = correct[places, columns] & ~correct[-1]
    order = sorted(turned.tolist(), key=lambda column: (not became_wrong[column], -rise[column]))
    return [(column, int(places[column]), float(rise[column])) for column in order]


def _guessing(outputs: Outputs) -> float:
    """The loss of a network that gives every class the same probability."""
    return math.log(max(len(np.unique(outputs.labels)), 2))


def _last(outputs: Outputs) -> _Found:
    correct = outputs.correct
    learned = np.flatnonzero(correct[-1])
    if not len(learned):
        return []
    first = correct.argmax(axis=0)
    border = np.quantile(first[learned], LATE, method="lower")
    late = learned[first[learned] > border]
    end = outputs.loss[-1]
    order = sorted(late.tolist(), key=lambda column: (-first[column], -end[column]))
    return [(column, int(first[column]), float(end[column])) for column in order]


def _forgotten(outputs: Outputs) -> _Found:
    correct = outputs.correct
    events = correct[:-1] & ~correct[1:]
    count = events.sum(axis=0)
    latest = len(correct) - 1 - events[::-1].argmax(axis=0)
    end = outputs.loss[-1]
    order = sorted(
        np.flatnonzero(count).tolist(), key=lambda column: (-count[column], correct[-1, column], -end[column])
    )
    return [(column, int(latest[column]), float(count[column])) for column in order]


def _never(outputs: Outputs) -> _Found:
    never = np.flatnonzero(~outputs.correct.any(axis=0))
    end = _end(outputs.loss)
    order = sorted(never.tolist(), key=lambda column: -end[column])
    return [(column, outputs.epochs - 1, float(end[column])) for column in order]


_FINDERS: dict[ImageKind, Callable[[Outputs], _Found]] = {
    "turned": _turned,
    "last": _last,
    "forgotten": _forgotten,
    "never": _never,
}


def _window(loss: np.ndarray) -> int:
    return max(NARROWEST, len(loss) // WINDOW)


def _end(loss: np.ndarray) -> np.ndarray:
    """The mean losses at the end: shape (images,)."""
    mean: np.ndarray = loss[-_window(loss) :].mean(axis=0)
    return mean
