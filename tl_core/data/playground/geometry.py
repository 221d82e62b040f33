"""Solids as signed distances, and where rays meet them (sphere tracing: Hart 1996, https://doi.org/10.1007/s003710050084).

Distances are negative inside, positive outside, float32, one value a point. Formulas: I. Quilez, https://iquilezles.org/articles/distfunctions
and .../smin. Those marked as bounds may be smaller than the true distance, which costs a sphere tracer steps and never a hole.
"""

from __future__ import annotations

from collections.abc import Callable

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


Solid = Callable[[Points], Array]

REACH = 1.12
"""Radius of the ball every toy lies in."""

_STEPS, _NEAR, _BLOCK = 16, 0.009, 8


def hits(solid: Solid, right: Array, up: Array, axes: Array) -> tuple[np.ndarray, Points]:
    """Traces one ray from each point of a square grid on the image plane.

    Args:
        right, up: The places of the rays on the plane through the middle, float32, shape (side * side,), side even.
        axes: Rows are the directions right, up and into the image, in the solid's own space: float32, shape (3, 3).

    Returns:
        The indices of the rays that hit, ascending, and the points they hit, in the solid's own space.
    """
    index, depth = _candidates(solid, right, up, axes)
    met, grazing = _march(solid, right, up, axes, index, depth, _NEAR)
    close = np.abs(solid(along(_origin(right[grazing[0]], up[grazing[0]], axes), axes[2], grazing[1]))) < 3 * _NEAR
    index, depth = (np.concatenate([hit, more[close]]) for hit, more in zip(met, grazing, strict=True))
    order = np.argsort(index)
    index = index[order]
    return index, along(_origin(right[index], up[index], axes), axes[2], depth[order])


def _candidates(solid: Solid, right: Array, up: Array, axes: Array) -> tuple[np.ndarray, Array]:
    """Rays that may hit, and where to start them: one thick ray for each block tells it for all rays of the block."""
    side = int(np.sqrt(len(right)))
    blocks = -(-side // _BLOCK)
    rows = np.minimum(np.arange(blocks) * _BLOCK + _BLOCK // 2, side - 1)
    centre = (rows[:, None] * side + rows).ravel()
    thick = float(np.hypot(right[1] - right[0], up[1] - up[0])) * _BLOCK * 0.75 + _NEAR
    some = centre[right[centre] ** 2 + up[centre] ** 2 < (REACH + thick) ** 2]
    bundle = _march(solid, right, up, axes, some, np.full(len(some), -REACH, np.float32), thick)
    start = np.full(side * side, np.inf, np.float32)
    for found, depth in bundle:  # Those that neither met nor missed may hold a hit as well.
        start[found] = depth - thick
    coarse = start[centre].reshape(blocks, blocks)
    every = np.repeat(np.repeat(coarse, _BLOCK, axis=0), _BLOCK, axis=1)[:side, :side].ravel()
    index = np.flatnonzero(every < np.inf)
    return index, every[index]


Rays = tuple[np.ndarray, Array]


def _march(
    solid: Solid, right: Array, up: Array, axes: Array, index: np.ndarray, depth: Array, near: float
) -> tuple[Rays, Rays]:
    """Walks rays towards a solid: (those that came within `near`, those still on their way), as (indices, depths)."""
    origin = _origin(right[index], up[index], axes)
    found, depths = [index[:0]], [depth[:0]]
    for _ in range(_STEPS):
        distance = solid(along(origin, axes[2], depth))
        met = distance < near
        depth = depth + distance
        found.append(index[met])
        depths.append(depth[met])
        going = np.flatnonzero(~met & (depth < REACH))
        index, depth = index[going], depth[going]
        origin = (origin[0][going], origin[1][going], origin[2][going])
        if len(index) == 0:
            break
    return (np.concatenate(found), np.concatenate(depths)), (index, depth)


def _origin(right: Array, up: Array, axes: Array) -> Points:
    x, y, z = (right * a + up * b for a, b in zip(axes[0], axes[1], strict=True))
    return x, y, z


def along(origin: Points, direction: Array | Points | Triple, depth: Array | float) -> Points:
    x, y, z = (start + way * depth for start, way in zip(origin, direction, strict=True))
    return x, y, z


def normals(solid: Solid, p: Points, reach: float = 0.012) -> Points:
    """Unit normals, from four samples around each point (the corners of a tetrahedron)."""
    corners = ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1))
    a, b, c, d = (solid(along(p, corner, reach)) for corner in corners)
    x, y, z = a + d - b - c, c + d - a - b, b + d - a - c
    length = 1 / np.sqrt(x * x + y * y + z * z + 1e-12)
    return x * length, y * length, z * length


def lit(solid: Solid, p: Points, towards: Array, sharpness: float = 4.0) -> Array:
    """How much of the lamp each point sees, 0..1, with soft edges (I. Quilez, .../articles/rmshadows)."""
    seen = np.ones_like(p[0])
    depth = np.full_like(p[0], 0.04)
    for _ in range(11):
        distance = solid(along(p, towards, depth))
        seen = np.minimum(seen, 0.5 + 0.5 * sharpness * distance / depth)
        depth = depth + np.clip(distance, 0.05, 0.35)
    seen = np.clip(seen, 0, 1)
    return seen * seen * (3 - 2 * seen)
