"""Figures as people read them."""

from __future__ import annotations


def duration(seconds: float | None) -> str:
    """Seconds as people say them: "0.4 s", "42 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for unit, name, smaller, smaller_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {smaller_name}" if rest else "")
    return f"{whole} s"


def data_size(bytes: float | None) -> str:
    """Bytes as people say them, in powers of ten: "512 B", "12.3 MB", "1.5 GB"; a dash for None."""
    if bytes is None:
        return "–"
    value, units = float(bytes), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    digits = 0 if units[0] == "B" or value >= 99.95 else 1
    return f"{value:.{digits}f} {units[0]}"


def percent_value(share: float | None) -> float | None:
    """The number behind `percent`, for columns of tables: rounded once, so that both show the same digit."""
    return None if share is None else float(f"{100 * share:.1f}")


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 0 to 1 as percent: "86.3 %"; a dash for None."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"
