"""What a person should know of their data before believing a figure, though nothing is wrong enough to stop a run."""

from __future__ import annotations

from tl_core.data.dataset import PARTS, ImageDataset
from tl_core.data.split import Split


def remarks(dataset: ImageDataset, split: Split) -> tuple[str, ...]:
    """Sentences about a split: images that stand on both sides of it, classes a part has none of."""
    return (*_shared(dataset, split), *_absent(dataset, split))


def _shared(dataset: ImageDataset, split: Split) -> list[str]:
    """Images with a copy in training can be known by heart; only a split that came with the data can hold them."""
    trained = {dataset.items[index].digest for index in split.train}
    found = []
    for part in ("validation", "test"):
        count = sum(dataset.items[index].digest in trained for index in split.part(part))
        if count:
            found.append(
                f"{count} of the {part} images also stand in the training part, so its figures flatter the network."
            )
    return found


def _absent(dataset: ImageDataset, split: Split) -> list[str]:
    found = []
    for part in PARTS[1:]:
        present = set(dataset.labels[split.part(part)].tolist())
        absent = [name for label, name in enumerate(dataset.class_names) if label not in present]
        if present and absent:
            found.append(f"The {part} part has no image of {', '.join(absent[:5])}: its figures say nothing of it.")
    return found
