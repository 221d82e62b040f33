"""Histories of training whose truth is known: a model of what a network gives each image, epoch by epoch.

The logit of an image's own class, over those of the others, is

    temperature(t) * (signal(t) * clarity + noise(t) * drift(t) + own(t))

clarity: how well general features show the class of the image, about 1, below 0 for an image that looks like another class.
drift: what memorising other images does to this one, of mean 0 over the images; it turns slowly with the epochs.
own: what memorising this image does; nil for an image that is not trained on.
The other classes have logits of their own, which the network cannot tell from noise, and all classes a bias that jumps from epoch to epoch,
as a learning rate that is not small makes it.

The truth is that of the population: the same epochs for `POOL` images more, which no one who is scored gets to see. A history has turned
if the population's loss, without the jumps, ends above its lowest by `TURNED` of it, and has not if by less than `FLAT`; in between it is
neither. Its turn is the epoch in which the population's loss, with the jumps, is lowest. In histories of more than `SECTIONS` epochs one of many
epochs is lowest by its jump: their truth is that of sections, a `SECTIONS`th of the epochs each.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.truth.courses import KINDS, Course

POOL = 30_000
"""Fewer for histories of more than 200 epochs, a tenth at least."""

SECTIONS = 120
TURNED, FLAT = 0.10, 0.01
IMAGES = (100, 200, 341, 600, 1000, 2000)


@dataclass(frozen=True)
class Sample:
    """Outputs on images: labels (images,), predictions and losses (epochs, images)."""

    labels: np.ndarray
    predicted: np.ndarray
    loss: np.ndarray

    @property
    def accuracy(self) -> np.ndarray:
        return np.asarray((self.predicted == self.labels).mean(axis=1))


@dataclass(frozen=True)
class History:
    """What a run leaves, and the truth about it.

    Attributes:
        kind: What the course was made to be.
        reported: Accuracy and loss while training, shape (epochs,).
        twins: Whether each validation image is trained on: bool, shape (images,).
        rise: By what share the population's loss ends above its lowest, without the jumps.
        turn: The epoch, from 1, of the population's lowest loss.
    """

    kind: str
    classes: int
    trained: int
    train: Sample
    validation: Sample
    reported: tuple[np.ndarray, np.ndarray]
    twins: np.ndarray
    rise: float
    turn: int
    population: np.ndarray = field(repr=False)

    @property
    def turned(self) -> bool | None:
        """None if it is neither turned nor flat."""
        return True if self.rise >= TURNED else False if self.rise <= FLAT else None

    @property
    def lowest(self) -> tuple[int, int]:
        """The first and the last epoch of the consecutive ones with the lowest loss of the population; both are the turn in short histories."""
        means = _sections(self.population)
        first = int(means.argmin()) + 1
        return first, first + len(self.population) - len(means)


def generate(kind: str, seed: int, images: int | None = None, length: int | None = None) -> History:
    """A history of a kind of `KINDS`.

    Args:
        images: Number of validation images; drawn from `IMAGES` if None.
        length: Number of epochs; drawn from 12 to 80 if None.
    """
    rng = np.random.default_rng([seed, *kind.encode()])
    classes, epochs = int(rng.choice((2, 3, 5, 8))), int(rng.integers(12, 81))
    epochs = length or epochs
    course = KINDS[kind](rng, epochs, classes)
    biases = rng.normal(0, 1, (epochs, classes)) * course.jump
    if course.lost:
        biases[:, : course.lost] -= 30.0
    images = images or int(rng.choice(IMAGES))
    trained = int(rng.choice((150, 400, 1000, 3000)))
    train = _sample(rng, course, min(trained, 1000), classes, biases, own=1.0, wrong=course.wrong)
    twins = rng.random(images) < course.leaked
    validation = _sample(
        rng, course, images, classes, biases, own=twins * 1.0, wrong=course.val_wrong, easier=course.easier
    )
    jumps = biases if not course.lost else np.where(biases < -15, 0.0, biases)
    pool, calm = _population(rng, course, classes, biases, biases - jumps)
    noisy = np.clip(train.accuracy - abs(rng.normal(0.03, 0.02)), 0, 1)
    if course.fooled:
        train, validation = _guessing(rng, train, classes), _guessing(rng, validation, classes)
    means = _sections(calm)
    rise = float(means[-1] / means.min() - 1)
    return History(
        kind,
        classes,
        trained,
        train,
        validation,
        (noisy, train.loss.mean(axis=1) * 1.1),
        twins,
        rise,
        int(pool.argmin()) + 1,
        pool,
    )


def _sample(
    rng: np.random.Generator,
    course: Course,
    images: int,
    classes: int,
    biases: np.ndarray,
    own: np.ndarray | float = 0.0,
    wrong: float = 0.0,
    easier: float = 0.0,
) -> Sample:
    """Outputs on as many new images. own: for each, how much of what is memorised of itself it has."""
    labels, logits = _logits(rng, course, images, classes, own, wrong, easier)
    logits += biases[:, None, :].astype(np.float32)
    return Sample(labels, logits.argmax(axis=2), _cross_entropy(logits, labels))


def _logits(
    rng: np.random.Generator,
    course: Course,
    images: int,
    classes: int,
    own: np.ndarray | float,
    wrong: float,
    easier: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (images,) and logits without biases: float32, shape (epochs, images, classes)."""
    epochs = len(course.signal)
    true = rng.integers(0, classes, images)
    labels = np.where(rng.random(images) < wrong, (true + rng.integers(1, classes, images)) % classes, true)
    clarity = 1 + easier + course.hard * rng.normal(0, 1, images) - 0.4 * course.hard * rng.exponential(1, images)
    angle = rng.uniform(0.3, 1.0) * np.linspace(0, 1.5, epochs)[:, None]
    drift = np.cos(angle) * rng.normal(0, 1, images) + np.sin(angle) * rng.normal(0, 1, images)
    wobble = 0.08 * rng.standard_normal((epochs, images), np.float32)
    others = rng.normal(0, 0.6, (images, classes)).astype(np.float32)
    logits = np.repeat(others[None], epochs, axis=0)
    rows = np.arange(images)
    signal = course.signal[:, None] * clarity * (1 + wobble)
    logits[:, rows, true] += (signal + course.noise[:, None] * drift).astype(np.float32)
    logits[:, rows, labels] += (course.own[:, None] * own).astype(np.float32)
    return labels, logits * course.temperature[:, None, None].astype(np.float32)


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float32, shape (epochs, images)."""
    top = logits.max(axis=2)
    total = np.log(np.exp(logits - top[..., None]).sum(axis=2)) + top
    return np.asarray(total - logits[:, np.arange(len(labels)), labels])


def _population(rng: np.random.Generator, course: Course, classes: int, *biases: np.ndarray) -> tuple[np.ndarray, ...]:
    """The mean loss of images like the validation images that are not trained on, with each of some biases: shapes (epochs,)."""
    epochs = len(course.signal)
    images, parts = max(min(POOL, 200 * POOL // epochs), POOL // 10), max(10, epochs // 20)
    total = np.zeros((len(biases), epochs))
    for _ in range(parts):
        labels, logits = _logits(rng, course, images // parts, classes, 0.0, course.val_wrong, course.easier)
        for place, one in enumerate(biases):
            total[place] += _cross_entropy(logits + one[:, None, :].astype(np.float32), labels).mean(axis=1)
    return tuple(total / parts)


def _sections(curve: np.ndarray) -> np.ndarray:
    """The mean of each section of consecutive epochs: a `SECTIONS`th of the curve, in short ones each epoch by itself."""
    width = -(-len(curve) // SECTIONS)
    return curve if width == 1 else np.convolve(curve, np.ones(width) / width, "valid")


def _guessing(rng: np.random.Generator, sample: Sample, classes: int) -> Sample:
    """The same images, with statistics that do not fit: nearly the same answer for each."""
    epochs, images = sample.loss.shape
    logits = rng.normal(0, 0.5, (epochs, 1, classes)) + rng.normal(0, 0.02, (epochs, images, classes))
    shares = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    return Sample(sample.labels, shares.argmax(axis=2), -np.log(shares[:, np.arange(images), sample.labels]))
