"""Runs and their forks as a tree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tl_core.records import ForkOrigin


@dataclass(frozen=True)
class Branch:
    """One run of a tree.

    Attributes:
        origin: Of a fork: the run it continues, and from which epoch.
        depth: How many ancestors of it there are: 0 for a root.
        last: Whether it, and each of its ancestors but the root, is the last child of its parent; from the top down, shape (depth,).
        orphaned: Whether it is a fork of a run that is gone.
    """

    run: str
    origin: ForkOrigin | None
    depth: int = 0
    last: tuple[bool, ...] = ()
    orphaned: bool = False


def families(origins: Mapping[str, ForkOrigin | None], chosen: Iterable[str]) -> tuple[Branch, ...]:
    """The trees that these runs are in, each depth first: children by the epoch they begin at, then in the order given.

    Runs that neither are forks nor have forks are left out.

    Args:
        origins: Where each known run comes from, by id; None if it is no fork.
    """
    children: dict[str, list[str]] = {}
    for run, origin in origins.items():
        if origin and origin.run in origins:
            children.setdefault(origin.run, []).append(run)
    roots = dict.fromkeys(_root(run, origins) for run in chosen if run in origins)
    return tuple(
        branch
        for root in roots
        if root in children or origins[root]
        for branch in _below(Branch(root, origins[root], orphaned=_is_orphan(root, origins)), children, origins, {root})
    )


def _root(run: str, origins: Mapping[str, ForkOrigin | None]) -> str:
    """Its first ancestor that is known."""
    seen: Collection[str] = {run}
    while (
        (origin := origins[run]) and origin.run in origins and origin.run not in seen
    ):  # A damaged file may name a circle.
        run = origin.run
        seen = {*seen, run}
    return run


def _is_orphan(run: str, origins: Mapping[str, ForkOrigin | None]) -> bool:
    origin = origins[run]
    return origin is not None and origin.run not in origins


def _below(
    branch: Branch,
    children: Mapping[str, Sequence[str]],
    origins: Mapping[str, ForkOrigin | None],
    above: Collection[str],
) -> Iterator[Branch]:
    yield branch
    new = [run for run in children.get(branch.run, ()) if run not in above]
    own = sorted(new, key=lambda run: found.epoch if (found := origins[run]) else 0)
    for place, run in enumerate(own):
        last = (*branch.last, place == len(own) - 1)
        yield from _below(Branch(run, origins[run], branch.depth + 1, last), children, origins, {*above, run})
