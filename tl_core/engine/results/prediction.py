"""Classifies images with a trained network; reads only its signature, nothing else of the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from tl_core.data import decode
from tl_core.data.dataset import ImageDataset, Unreadable
from tl_core.data.names import class_name, text_of
from tl_core.data.pixels import pixels
from tl_core.data.skipped import Skipped
from tl_core.engine.backend import keras
from tl_core.engine.results import export
from tl_core.engine.results.reports import cross_entropy, squared_hinge
from tl_core.engine.step import forward_pass
from tl_core.errors import BadInput
from tl_core.metrics import Measured
from tl_core.records import Activity, ProgressCallback, Stage, unwatched

BATCH = 32

CLASSIFYING = Activity(Stage.CLASSIFYING)


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image: (class, score) pairs, best first. Scores are probabilities, or margins of an SVM."""

    name: str
    scores: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Predictor:
    """A network ready to classify."""

    model: keras.Model
    signature: export.Signature

    @classmethod
    def of(cls, folder: Path) -> Predictor:
        """From an export folder; raises BadInput if it contains no complete network."""
        return cls(*export.load(folder))

    @classmethod
    def from_logits(cls, model: keras.Model, signature: export.Signature) -> Predictor:
        """From a network that gives logits or margins."""
        return cls(export.with_activation(model, signature.output), signature)

    @cached_property
    def _forward(self) -> Callable[[np.ndarray], np.ndarray]:
        """Compiled once, so that later images are fast."""
        return forward_pass(self.model)

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Scores of RGB images 0..255, shape (images, size, size, 3): float64, shape (images, classes)."""
        outputs = _outputs(self._forward, images).astype(np.float64)
        return np.concatenate([1 - outputs, outputs], axis=1) if self.signature.output == "sigmoid" else outputs

    def files(
        self, paths: Sequence[Path], most: int = 5, progress: ProgressCallback = unwatched
    ) -> tuple[list[Prediction], list[Skipped]]:
        """The best classes of each image file, and the files that cannot be read. Keeps one batch of images in memory."""
        made: list[Prediction] = []
        skipped: list[Skipped] = []
        batch: list[tuple[str, np.ndarray]] = []
        for done, path in enumerate(paths, 1):
            try:
                batch.append((text_of(path), self._pixels(path)))
            except Unreadable as error:
                skipped.append(Skipped(text_of(path), str(error)))
            if batch and (len(batch) == BATCH or done == len(paths)):
                scores = self.scores(np.stack([image for _, image in batch]))
                made += [self._ranked(name, row, most) for (name, _), row in zip(batch, scores, strict=True)]
                batch.clear()
            progress(CLASSIFYING, done, len(paths))
        return made, skipped

    def evaluate(self, dataset: ImageDataset, cache: Path, progress: ProgressCallback) -> tuple[Measured, ImageDataset]:
        """Evaluates the network on all readable images of a dataset.

        Raises:
            BadInput: the dataset has a class unknown to the network, or no readable image.
        """
        labels = _translated(dataset, self.signature.classes)
        dataset = replace(dataset, grey_range=self.signature.grey_range)
        read = pixels(dataset, self.signature.image_size, cache, progress)
        rows = {item.key: label for item, label in zip(dataset.items, labels, strict=True)}
        kept = np.array([rows[item.key] for item in read.dataset.items], dtype=np.int64)
        if not len(kept):
            raise BadInput.of(
                "source", f"no image of {dataset.source} could be read", "The command plan lists skipped files."
            )
        measure = squared_hinge if self.signature.output == "margins" else cross_entropy
        forward = forward_pass(export.without_activation(self.model))
        return measure(_outputs(forward, read.images), kept), read.dataset

    def _pixels(self, path: Path) -> np.ndarray:
        """An image file as in training: uint8 RGB, shape (size, size, 3); raises Unreadable."""
        return decode.resized(decode.open_rgb(path, self.signature.grey_range), self.signature.image_size)

    def _ranked(self, name: str, scores: np.ndarray, most: int) -> Prediction:
        order = np.argsort(-scores, kind="stable")[:most]
        return Prediction(name, tuple((self.signature.classes[index], float(scores[index])) for index in order))


def _outputs(forward: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    return np.concatenate([forward(images[start : start + BATCH]) for start in range(0, len(images), BATCH)])


def _translated(dataset: ImageDataset, classes: Sequence[str]) -> list[int]:
    """The network's label of every item."""
    known = {
        class_name(name): label for label, name in enumerate(classes)
    }  # An older network may have decomposed names.
    unknown = sorted(set(dataset.class_names) - set(known))
    if unknown:
        message = f"has classes unknown to the network: {', '.join(unknown[:5])}"
        raise BadInput.of("source", message, f"It knows {', '.join(classes[:20])}.")
    to_network = [known[name] for name in dataset.class_names]
    return [to_network[item.label] for item in dataset.items]
