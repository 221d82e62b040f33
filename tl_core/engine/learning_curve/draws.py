"""Random draws of the training images: stratified, with groups kept together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np


def drawn(labels: np.ndarray, groups: Sequence[str], fraction: float, generator: np.random.Generator) -> np.ndarray:
    """Positions of a share of the images of each class, at least one: int64, rising.

    Groups come in random order; one is taken whole where it does not overshoot its class by more than it adds, as in a split.

    Args:
        labels: int64, shape (images,).
        groups: The group of each image.
    """
    if fraction >= 1:
        return np.arange(len(labels))
    members: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    wanted = Counter({label: max(1, round(fraction * count)) for label, count in Counter(labels.tolist()).items()})
    whole, taken = list(members.values()), []
    for number in generator.permutation(len(whole)):
        counts = Counter(labels[whole[number]].tolist())
        main, _ = counts.most_common(1)[0]
        if wanted[main] > 0 and counts.total() <= max(2 * wanted[main], 1):
            taken += whole[number]
            wanted.subtract(counts)
    taken += [place for label, left in wanted.items() if left > 0 for place in _missing(labels, taken, label)]
    return np.array(sorted(taken), dtype=np.int64)


def _missing(labels: np.ndarray, taken: Sequence[int], label: int) -> list[int]:
    """An image of a class of which none was taken, because each of its groups is too large; else nothing."""
    if (labels[list(taken)] == label).any():
        return []
    return [int(np.flatnonzero(labels == label)[0])]
