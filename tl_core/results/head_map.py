"""A regularisation map, as plain data: validation loss and gap of heads over one or two settings; `tl_core.engine.bank.head_map` makes it.

docs/regularisation-map.md explains the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.intervals import Estimate
from tl_core.registry import Registry
from tl_core.results.head_bank import Grid, cells, seeds_from
from tl_core.results.head_scores import HeadRow

MOST_VALUES, MOST_SEEDS = 12, 5
"""Of an axis and of a map: 144 cells are more than a chart shows well."""


@dataclass(frozen=True)
class AxisKind:
    """One row: a setting that a map can vary.

    Attributes:
        name: Its path.
        title: Of the axis.
        values: That are offered. Penalties and rates act by their order of magnitude.
    """

    name: str
    title: str
    values: tuple[float, ...]


AXIS_KINDS: Registry[AxisKind] = Registry(
    "axis",
    "axes",
    (
        AxisKind("head.dropout", "Dropout", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8)),
        AxisKind("head.l2", "L2", (0.0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.1)),
        AxisKind("head.l1", "L1", (0.0, 1e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 0.01)),
        AxisKind("train.learning_rate", "Learning rate", (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3)),
        AxisKind("loss.label_smoothing", "Label smoothing", (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)),
        AxisKind("optimizer.weight_decay", "Weight decay", (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)),
        AxisKind("head.hidden", "Hidden units", (0, 16, 64, 256)),
    ),
)
"""Hidden units: of one hidden layer, 0 without. Each number of units is a network of its own to compile, so that fewer are offered."""


MAP_AXES = ("head.dropout", "head.l2")
"""The axes of a map as long as no others are chosen: across and up."""


@dataclass(frozen=True)
class MapAxis:
    """A setting with the values that a map has of it, in the order of the chart; `AXIS_KINDS` has a row for it."""

    path: str
    values: tuple[float, ...]

    @property
    def title(self) -> str:
        return AXIS_KINDS[self.path].title


@dataclass(frozen=True)
class MapOptions:
    """What a map is asked for.

    Attributes:
        axes: One or two, the one that is drawn upwards first.
        seeds: The number of seeds that every cell is trained with, from that of the spec on.
    """

    axes: tuple[MapAxis, ...]
    seeds: int = 2

    def seeds_of(self, spec: ExperimentSpec) -> tuple[int, ...]:
        return seeds_from(spec.train.seed, self.seeds)

    def grid(self, spec: ExperimentSpec) -> Grid:
        """The heads to train: seeds change fastest.

        Raises:
            BadInput: an unknown axis, too few or too many values or seeds.
        """
        if not 1 <= len(self.axes) <= 2:
            raise BadInput.of("axes", f"received {len(self.axes)} axes; a map has one or two", "Choose other axes.")
        if not 1 <= self.seeds <= MOST_SEEDS:
            raise BadInput.of(
                "seeds", f"received {self.seeds}; allowed are 1 to {MOST_SEEDS}", "Choose another number."
            )
        for axis in self.axes:
            kind = AXIS_KINDS[axis.path]
            if not 2 <= len(axis.values) <= MOST_VALUES:
                message = f"received {len(axis.values)} values; {kind.title} may have 2 to {MOST_VALUES}"
                raise BadInput.of(axis.path, message, "Add or leave out some.")
        return Grid.of({axis.path: axis.values for axis in self.axes} | {"train.seed": self.seeds_of(spec)})


def check_map(spec: ExperimentSpec, options: MapOptions) -> None:
    """Raises BadInput, with everything that keeps a map from being made of a spec."""
    cells(options.grid(spec), spec)


@dataclass(frozen=True)
class HeadCurves:
    """The curves of one head, a value an epoch.

    Attributes:
        loss: Reported training loss.
        best: The best epoch, from 1; None before the first.
        ended: Why it ended before its last epoch: "stopped early", "diverged", or empty.
    """

    loss: tuple[float, ...]
    train_eval_loss: tuple[float, ...]
    train_eval_accuracy: tuple[float, ...]
    val_loss: tuple[float, ...]
    val_accuracy: tuple[float, ...]
    best: int | None
    ended: str = ""


@dataclass(frozen=True)
class MapCell:
    """One combination of values, with the heads of its seeds, each in its best epoch.

    Attributes:
        values: On the axes, in their order.
        loss: Mean validation loss of the heads, with its interval for the validation images; None as long as a head has no epoch.
        accuracy: Mean validation accuracy, 0 to 1.
        gap: Mean clean training accuracy less that, with the interval of the validation accuracy.
        as_good: Whether it cannot be told from the best: it is in a set that holds the cell with the lowest loss on new images with 95 %
            probability. False while the map is trained.
    """

    values: tuple[float, ...]
    heads: tuple[HeadCurves, ...]
    loss: Estimate | None = None
    accuracy: float | None = None
    gap: Estimate | None = None
    as_good: bool = False


@dataclass(frozen=True)
class HeadMap:
    """A regularisation map.

    Attributes:
        axes: One or two; the values of the last change fastest from cell to cell.
        images: Number of images by part.
        features: The number of features of an image.
        seconds: Of training all heads together, so far.
        complete: Whether all heads were trained to their end.
        closed_form: Heads that are solved at once, as far as they are known: after the cells, which are complete before. Empty where
            training was cancelled, and for maps of earlier versions.
    """

    axes: tuple[MapAxis, ...]
    seeds: tuple[int, ...]
    classes: int
    images: Mapping[str, int]
    epochs: int
    cells: tuple[MapCell, ...]
    seconds: float
    complete: bool
    closed_form: tuple[HeadRow, ...] = ()

    @property
    def best(self) -> int | None:
        """The place of the cell with the lowest loss; None as long as there is none."""
        known = [(cell.loss.value, place) for place, cell in enumerate(self.cells) if cell.loss]
        return min(known)[1] if known else None

    @property
    def as_good(self) -> tuple[MapCell, ...]:
        """The cells that cannot be told from the best, with it."""
        return tuple(cell for cell in self.cells if cell.as_good)

    def settings(self, place: int) -> dict[str, Any]:
        """The settings of a cell, by path."""
        paths = [axis.path for axis in self.axes]
        return {path: _setting(path, value) for path, value in zip(paths, self.cells[place].values, strict=True)}


def _setting(path: str, value: float) -> Any:
    if path == "head.hidden":
        return [int(value)] if value else []
    return value
