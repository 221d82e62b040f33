"""Signed distances of simple solids: negative inside, positive outside, float32, one value a point.

Formulas: I. Quilez, https://iquilezles.org/articles/distfunctions and .../smin. Those marked as bounds may be smaller
than the true distance, which costs a sphere tracer steps and never a hole.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray
Points = tuple[Array, Array, Array]
Triple = tuple[float, float, float]


def moved(p: Points, to: Triple) -> Points:
    """The points as seen from `to`."""
    return p[0] - to[0], p[1] - to[1], p[2] - to[2]


def hypot(a: Array, b: Array) -> Array:
    """np.hypot guards against overflow, which takes five times as long."""
    return np.sqrt(a * a + b * b)


def sphere(p: Points, centre: Triple, radius: float) -> Array:
    x, y, z = moved(p, centre)
    return np.sqrt(x * x + y * y + z * z) - radius


def ellipsoid(p: Points, centre: Triple, radii: Triple) -> Array:
    """A bound near the surface."""
    x, y, z = moved(p, centre)
    a, b, c = x / radii[0], y / radii[1], z / radii[2]
    inner = np.sqrt(a * a + b * b + c * c)
    a, b, c = a / radii[0], b / radii[1], c / radii[2]
    return inner * (inner - 1) / (np.sqrt(a * a + b * b + c * c) + 1e-6)


def box(p: Points, centre: Triple, half: Triple, rounding: float = 0.0) -> Array:
    x, y, z = (np.abs(axis) - size + rounding for axis, size in zip(moved(p, centre), half, strict=True))
    outside = np.sqrt(np.maximum(x, 0) ** 2 + np.maximum(y, 0) ** 2 + np.maximum(z, 0) ** 2)
    return outside + np.minimum(np.maximum(np.maximum(x, y), z), 0) - rounding


def disc(radial: Array, axial: Array, radius: float, half: float, rounding: float = 0.0) -> Array:
    """A cylinder, from the distance to its axis and the place along it, measured from its middle."""
    a, b = radial - radius + rounding, np.abs(axial) - half + rounding
    return hypot(np.maximum(a, 0), np.maximum(b, 0)) + np.minimum(np.maximum(a, b), 0) - rounding


def frustum(radial: Array, y: Array, bottom: tuple[float, float], top: tuple[float, float], blend: float) -> Array:
    """A cone cut off at two heights, each end given as (height, radius), edges rounded by `blend`; a bound."""
    height = top[0] - bottom[0]
    slope = (top[1] - bottom[1]) / height
    side = (radial - bottom[1] - slope * (y - bottom[0])) / float(np.sqrt(1 + slope * slope))
    return smooth_max(side, np.abs(y - (bottom[0] + top[0]) / 2) - height / 2, blend)


def capsule(p: Points, start: Triple, end: Triple, radius: float, end_radius: float | None = None) -> Array:
    """A rod with round ends; a bound where the radii differ."""
    x, y, z = moved(p, start)
    a, b, c = (to - at for to, at in zip(end, start, strict=True))
    along = np.clip((x * a + y * b + z * c) / (a * a + b * b + c * c), 0, 1)
    x, y, z = x - a * along, y - b * along, z - c * along
    taper = 0.0 if end_radius is None else end_radius - radius
    return np.sqrt(x * x + y * y + z * z) - radius - taper * along


def ring(p: Points, centre: Triple, radius: float, thickness: float, squash: float = 1.0) -> Array:
    """A torus that lies in the x-y plane, `squash` times as wide as it is high."""
    x, y, z = moved(p, centre)
    return (hypot(hypot(x / squash, y) - radius, z) - thickness) * min(1.0, squash)


def smooth_min(a: Array, b: Array, blend: float) -> Array:
    """The union of two solids whose seam is filled over a width of `blend`."""
    overlap = np.maximum(blend - np.abs(a - b), 0)
    return np.minimum(a, b) - overlap * overlap * (0.25 / blend)


def smooth_max(a: Array, b: Array, blend: float) -> Array:
    """What two solids have in common, its edge rounded over a width of `blend`."""
    overlap = np.maximum(blend - np.abs(a - b), 0)
    return np.maximum(a, b) + overlap * overlap * (0.25 / blend)
