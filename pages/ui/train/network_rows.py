"""The networks as rows of a table: what each costs, what it reaches, and whether its weights are here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pages.ui.tables.columns import figure_column
from pages.ui.tables.run_table import Cell, Column
from tl_core.backbones import BACKBONES, Backbone, BackboneFacts, facts
from tl_core.backbones.availability import DOWNLOAD, PACKAGE, WeightsStatus, state_mark, state_text, statuses
from tl_core.plan.throughput import rates_here
from tl_core.store.speeds import Speed, read_speeds
from tl_core.text import compact, data_size, percent

ESTIMATED = (
    "Estimated from its multiply-adds and the values it writes to memory, in proportion to the networks that were measured here: may be wrong "
    "by a factor of two or three. Select it to measure it."
)


ESTIMATE = "≈"

LEGEND = (
    f"**{DOWNLOAD}**: weights that are downloaded when a run first needs them. **{PACKAGE}**: they come in a Python package; select the network for "
    f"the command that installs it. **{ESTIMATE}**: estimated, not measured on this machine."
)


@dataclass(frozen=True)
class NetworkRow:
    """One network.

    Attributes:
        speed: As measured on this machine; None if it was not.
        frozen, thawed: Images per second at the native size in inference mode, and while everything trains: measured, otherwise estimated.
        chosen: Whether it is the network of the form.
    """

    backbone: Backbone
    facts: BackboneFacts
    weights: WeightsStatus
    speed: Speed | None
    frozen: float
    thawed: float
    chosen: bool

    @property
    def macs(self) -> int:
        """Multiply-adds for an image of the native size."""
        return self.facts.macs_at(self.backbone.native_size)

    @property
    def place(self) -> str:
        """Whether its weights are here, or how much is to be downloaded or installed."""
        return state_mark(self.weights)


def network_rows(models: Path, chosen: str) -> list[NetworkRow]:
    """All networks, in the order of the table of backbones."""
    measured, places = read_speeds(models), {status.backbone: status for status in statuses()}
    speeds = {row.name: measured[row.key] for row in BACKBONES if row.key in measured}
    rates = {**rates_here(speeds), **{name: (speed.frozen, speed.thawed) for name, speed in speeds.items()}}
    return [
        NetworkRow(row, facts(row.name), places[row.name], speeds.get(row.name), *rates[row.name], row.name == chosen)
        for row in BACKBONES
    ]


def columns() -> list[Column[NetworkRow]]:
    """Name, accuracy and weights also fit in a narrow window."""
    return [
        Column(
            "name",
            "Network",
            "The pretrained network.",
            lambda row: Cell(row.backbone.title, "chosen" if row.chosen else "", row.backbone.help),
            lambda row: row.backbone.title,
            kind="name",
            narrow=True,
        ),
        _accuracy_column(),
        _rate_column(
            "frozen",
            "Images whose features this machine computes per second, at the size the weights were trained at",
            lambda row: row.frozen,
            narrow=True,
        ),
        _rate_column(
            "thawed",
            "Images per second of training steps in which every layer trains, at the same size",
            lambda row: row.thawed,
        ),
        figure_column(
            "parameters",
            "Parameters",
            "Weights of the network without its classifier, with batch statistics.",
            lambda row: row.facts.parameters,
            lambda count: compact(count or 0),
        ),
        figure_column(
            "disk",
            "On disk",
            "Size of the file of weights.",
            lambda row: 1e6 * row.weights.megabytes,
            lambda size: data_size(size, 0),
        ),
        figure_column(
            "size",
            "Native size",
            "The image size, in pixels a side, that the weights were trained at.",
            lambda row: row.backbone.native_size,
            lambda size: f"{size:g}",
        ),
        _weights_column(),
    ]


def _accuracy_column() -> Column[NetworkRow]:
    return Column(
        "accuracy",
        "ImageNet",
        "Share of ImageNet's validation images that its weights classify correctly, as published for them (top-1).",
        lambda row: Cell(
            percent(row.backbone.imagenet_accuracy),
            hover=f"Published: {row.backbone.accuracy_source}"
            if row.backbone.accuracy_source
            else "None is published.",
            bar=row.backbone.imagenet_accuracy or 0.0,
        ),
        lambda row: row.backbone.imagenet_accuracy,
        "descending",
        "figure",
        narrow=True,
    )


def _weights_column() -> Column[NetworkRow]:
    return Column(
        "weights",
        "Weights",
        f"Whether the pretrained weights are on this machine. {DOWNLOAD}: downloaded when a run first needs them. {PACKAGE}: in a Python "
        "package to install.",
        lambda row: Cell(row.place, hover=_where(row), mark="green" if row.weights.present else "gray"),
        lambda row: (not row.weights.present) * (1 + row.weights.megabytes),
        narrow=True,
    )


def _rate_column(key: str, help: str, rate: Callable[[NetworkRow], float], narrow: bool = False) -> Column[NetworkRow]:
    return Column(
        key,
        f"Images/s {key}",
        f"{help}. {ESTIMATE}: estimated, not measured.",
        lambda row: _rate(rate(row), row),
        rate,
        "descending",
        "figure",
        narrow=narrow,
    )


def _where(row: NetworkRow) -> str:
    found = row.weights
    return str(found.path) if found.present else f"{state_text(found)}: {found.install or found.url}"


def _rate(rate: float, row: NetworkRow) -> Cell:
    measured = f"Measured on {row.speed.day} at {row.speed.image_size} pixels." if row.speed else ESTIMATED
    return Cell(written_rate(rate, row.speed is not None), hover=measured)


def written_rate(rate: float, measured: bool) -> str:
    """Images per second in two figures, three above 100; an estimate is marked and never has more than two: "8.2", "310", "≈ 1200"."""
    if not measured:
        return f"{ESTIMATE} {float(f'{rate:.2g}'):g}"
    return f"{rate:.2g}" if rate < 100 else f"{rate:.0f}"
