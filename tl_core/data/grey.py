"""Grey images of more than 8 bits: which values become black and white, and what is said of the values that were found.

Microscopes, X-ray detectors and depth cameras often write 10 to 14 bits into a 16-bit file. Read as 16 bits, such an image is nearly black.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tl_core.text import counted

GreyRange = Literal["16-bit", "14-bit", "12-bit", "10-bit", "8-bit", "image"]
"""The values of a 16-bit grey image that become black and white: 0 to the largest of that many bits, or its own darkest to its own brightest."""

DEFAULT: GreyRange = "16-bit"

VALUES = "grey_values"
"""The entry of `Image.info` with the lowest and highest value of a 16-bit grey image, as it was before it was scaled to 8 bits."""

_FIXED: dict[GreyRange, int] = {"8-bit": 255, "10-bit": 1023, "12-bit": 4095, "14-bit": 16383, "16-bit": 65535}
"""The largest value of each fixed range, the narrowest first."""


@dataclass(frozen=True)
class GreyValues:
    """The values found in the 16-bit grey images of a dataset: how many images, the lowest and the highest value."""

    images: int
    low: int
    high: int


def to_8_bit(values: np.ndarray, grey_range: GreyRange) -> np.ndarray:
    """16-bit grey values as uint8 of the same shape, rounded; values beyond the range are clipped."""
    low, high = (int(values.min()), int(values.max())) if grey_range == "image" else (0, _FIXED[grey_range])
    # A table of all values: no array of floats, which would take eight bytes a pixel.
    return _scaled(np.arange(65536, dtype=np.float64), low, high)[values]


def stretched(values: np.ndarray) -> np.ndarray:
    """Values of any type as uint8 of the same shape, from the lowest finite one (0) to the highest (255); NaN becomes 0."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    # Row by row, for the same reason as above.
    return np.stack([_scaled(row.astype(np.float64), low, high) for row in values])


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    shares = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / max(high - low, 1e-12)
    return np.clip(shares * 255 + 0.5, 0, 255).astype(np.uint8)


def merged(before: GreyValues | None, low: int, high: int) -> GreyValues:
    """The values of the images before and of one more."""
    if before is None:
        return GreyValues(1, low, high)
    return GreyValues(before.images + 1, min(before.low, low), max(before.high, high))


def described(found: GreyValues) -> str:
    """The values that were found, as a sentence."""
    return f"The values of {counted(found.images, 'image')} with 16 bits of grey are {found.low:,} to {found.high:,}."


def rule(grey_range: GreyRange) -> str:
    """Which values of a 16-bit grey image become 0 and 255, in words."""
    if grey_range == "image":
        return "the darkest value of each image becomes 0 and its brightest 255"
    return f"0 to {_FIXED[grey_range]:,} become 0 to 255, rounded; brighter values are clipped"


def range_warnings(found: GreyValues | None, grey_range: GreyRange) -> tuple[str, ...]:
    """A warning if a range does not suit the values: grey levels are lost, or bright values clipped."""
    if found is None or grey_range == "image":
        return ()
    top = _FIXED[grey_range]
    fitting = next(name for name, most in _FIXED.items() if found.high <= most)
    if fitting == grey_range:
        return ()
    levels = round(255 * (found.high - found.low) / top) + 1
    lost = f"everything above {top:,} is white" if found.high > top else f"only {levels} of 256 grey levels are left"
    remedy = f"Set data.grey_range to {fitting}"
    return (f"{described(found)} Read as {grey_range} (0 to {top:,}), {lost}. {remedy}.",)
