"""Figures and lists in sentences: one formatter each for bytes, durations, counts, percentages, large numbers and names.

What is not known is a dash.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

UNKNOWN = "–"


def data_size(count: float | None, digits: int = 1) -> str:
    """Bytes in decimal units, with at most so many digits behind the point: "512 B", "123.4 MB", "2 GB"."""
    if count is None:
        return UNKNOWN
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= (999.5 if units[0] == "B" else 1000 - 0.5 * 10**-digits) and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{_short(value, digits) if units[0] != 'B' else f'{value:.0f}'} {units[0]}"


def data_sizes(*counts: float) -> tuple[str, ...]:
    """Bytes that are compared: like `data_size`, with as many more digits as it takes to tell different ones apart."""
    for digits in range(1, 12):
        said = tuple(data_size(count, digits) for count in counts)
        if len(set(said)) == len(set(counts)):
            break
    return said


def duration(seconds: float | None) -> str:
    """Seconds in at most two units: "0.4 s", "42 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"."""
    if seconds is None:
        return UNKNOWN
    if seconds < 9.95:
        return f"{_short(max(seconds, 0))} s"
    whole = round(seconds)
    for unit, name, smaller, smaller_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {smaller_name}" if rest else "")
    return f"{whole} s"


def local_time(seconds: float | None) -> datetime | None:
    """Seconds since 1970 in this machine's own time; None if they are not known, or no year has them."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds)
    except (OSError, OverflowError, ValueError):
        return None


def percent_value(share: float | None) -> float | None:
    """The number behind `percent`, for columns of tables: rounded once, so that both show the same digit."""
    return None if share is None else float(f"{100 * share:.1f}")


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 0 to 1 as percent: "86.3 %"."""
    return UNKNOWN if share is None else f"{100 * share:.{digits}f} %"


def exact_percent(share: float) -> str:
    """A share that was set and not measured, with all its digits: "50 %", "2.5 %"."""
    return f"{100 * share:g} %"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 epoch", "3 epochs", "1,000 classes" (with plural="classes")."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def compact(number: float) -> str:
    """A large number in three figures: "812", "48.2 k", "4.05 M", "1.2 G"."""
    value, units = float(number), ["", " k", " M", " G"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.3g}{units[0]}"


def joined(names: Sequence[str], last: str = "and") -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def first_of(names: Sequence[str], most: int) -> str:
    """The first names, and how many there are besides: "a, b and 7 more"; all of them where they are few."""
    said = ", ".join(names[:most])
    return said if len(names) <= most else f"{said} and {len(names) - most:,} more"


def _short(value: float, digits: int = 1) -> str:
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text
