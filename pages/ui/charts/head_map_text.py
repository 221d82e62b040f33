"""A regularisation map in words: the values of its cells, what is known of one."""

from __future__ import annotations

from collections.abc import Sequence

from tl_core.results.head_map import HeadMap, MapAxis, MapCell

LOSS, GAP = "loss", "gap"

TITLES = {LOSS: "Validation loss", GAP: "Gap, in points"}


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


def lowest_text(found: HeadMap) -> str:
    """The lowest loss with its 95 % interval, such as "0.600 (0.500 to 0.700)"; empty before the first epoch."""
    best = None if found.best is None else found.cells[found.best].loss
    return "" if best is None else f"{best.value:.3f} ({best.low:.3f} to {best.high:.3f})"


def reading(found: HeadMap) -> str:
    """What a map says, in a sentence or two."""
    if found.best is None:
        return NO_LOSS
    return f"Lowest validation loss: {lowest_text(found)} at {cell_text(found, found.best)}.{_alike(found)}"


def valley(found: HeadMap) -> str:
    """Where the lowest loss of a map is, and which cells cannot be told from it."""
    return NO_LOSS if found.best is None else f"Lowest at {cell_text(found, found.best)}.{_alike(found)}"


NO_LOSS = "The first losses appear after the first epoch of all heads."


def _alike(found: HeadMap) -> str:
    alike, known = len(found.as_good), sum(cell.loss is not None for cell in found.cells)
    if not alike:
        return " So far; the heads are still training." if not found.complete else ""
    images = f"{found.images['validation']:,} validation images"
    if alike == 1:
        return f" No other cell is as good: {images} tell it from all {known - 1} others."
    return f" {alike} of {known} cells cannot be told from it with {images}; {_span(found)}"


def _span(found: HeadMap) -> str:
    """From where to where those cells go on each axis."""
    spans = []
    for number, axis in enumerate(found.axes):
        places = [axis.values.index(cell.values[number]) for cell in found.as_good]
        low, high = (setting_text(axis, axis.values[end(places)]) for end in (min, max))
        spans.append(f"{axis.title} {low}" if low == high else f"{axis.title} {low} to {high}")
    return f"they lie within {' and '.join(spans)}."


def lowest_of_both(maps: Sequence[HeadMap], names: Sequence[str]) -> str:
    """The lowest loss of each of several maps, in a sentence; empty as long as one has none."""
    lowest = [lowest_text(one) for one in maps]
    if not all(lowest):
        return ""
    told = "; ".join(f"{name}: {loss}" for name, loss in zip(names, lowest, strict=True))
    growing = " So far; heads are still training." if not all(one.complete for one in maps) else ""
    return f"Lowest validation loss, {told}.{growing}"


def alt(found: HeadMap, quantity: str) -> str:
    """The chart of a map in a sentence."""
    values = [
        (value, place) for place, cell in enumerate(found.cells) if (value := value_of(cell, quantity)) is not None
    ]
    axes = " and ".join(axis.title for axis in found.axes)
    if not values:
        return f"{TITLES[quantity]} over {axes}: no epoch yet."
    (low, at), (high, to) = min(values), max(values)
    ends = (f"{value_text(value, quantity)} at {cell_text(found, place)}" for value, place in ((low, at), (high, to)))
    return f"{TITLES[quantity]} over {axes}: from {' to '.join(ends)}."
