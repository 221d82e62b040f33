"""A regularisation map in words: the values of its cells, what is known of one."""

from __future__ import annotations

from tl_core.results.head_map import HeadMap, MapAxis, MapCell

LOSS, GAP = "loss", "gap"


def value_of(cell: MapCell, quantity: str) -> float | None:
    """What a map shows of a cell; None if it has none yet."""
    estimate = cell.loss if quantity == LOSS else cell.gap
    return estimate.value if estimate else None


def value_text(value: float | None, quantity: str) -> str:
    """A loss such as "0.412", a gap in points such as "+3.1"."""
    if value is None:
        return ""
    return f"{100 * value:+.1f}" if quantity == GAP else f"{value:.3f}" if value < 10 else f"{value:.3g}"


def setting_text(axis: MapAxis, value: float) -> str:
    """A value of an axis."""
    if axis.path == "head.hidden":
        return f"{value:.0f}" if value else "none"
    return f"{value:g}".replace("e-0", "e-")


def cell_text(found: HeadMap, place: int) -> str:
    """The settings of a cell, such as "dropout 0.2, L2 1e-4"."""
    pairs = zip(found.axes, found.cells[place].values, strict=True)
    return ", ".join(f"{axis.title} {setting_text(axis, value)}" for axis, value in pairs)


def hover(found: HeadMap, place: int) -> str:
    """All that is known of a cell, in lines."""
    cell = found.cells[place]
    ended = {head.ended for head in cell.heads if head.ended}
    return "<br>".join(
        filter(None, [cell_text(found, place), *figures(cell), ", ".join(sorted(ended)), _standing(found, place)])
    )


def figures(cell: MapCell) -> list[str]:
    """Loss, gap and accuracy with their intervals, in words."""
    if cell.loss is None or cell.gap is None or cell.accuracy is None:
        return ["no epoch yet"]
    loss, gap = cell.loss, cell.gap
    return [
        f"validation loss {loss.value:.3f} ({loss.low:.3f} to {loss.high:.3f})",
        f"gap {100 * gap.value:+.1f} points ({100 * gap.low:+.1f} to {100 * gap.high:+.1f})",
        f"validation accuracy {100 * cell.accuracy:.1f} %",
    ]


def _standing(found: HeadMap, place: int) -> str:
    if place == found.best:
        return "the lowest loss"
    return "cannot be told from the best" if found.cells[place].as_good else ""
