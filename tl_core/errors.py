"""Errors for users: which setting or file, what was received, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self


@dataclass(frozen=True)
class Problem:
    """Something to change before a run can start.

    Attributes:
        path: The setting or file, e.g. `head.dropout`; forms show the problem at that field.
        message: What was received and what is allowed.
        remedy: What to do.
    """

    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        sentence = f"{self.path}: {self.message}" if self.path else self.message
        return f"{sentence.rstrip('.')}. {self.remedy}".strip() if self.remedy else sentence


class LabError(Exception):
    """Base of all errors for users: shown as one sentence, without a traceback."""


class BadInput(LabError):
    """Invalid input; nothing was changed or started.

    Attributes:
        details: Further values for programs that read the error.
    """

    def __init__(self, problems: Problem | Iterable[Problem], details: Mapping[str, Any] | None = None) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.details = dict(details or {})
        super().__init__("; ".join(str(problem) for problem in self.problems))

    @classmethod
    def of(cls, path: str, message: str, remedy: str = "") -> Self:
        return cls(Problem(path, message, remedy))


class Damaged(BadInput):
    """A file that is there and cannot be read, or holds something else than was written."""


class RunFailed(LabError):
    """A run failed after it started; its folder keeps all complete epochs."""


class RunStopped(LabError):
    """The run was asked to stop; it can be resumed."""


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names most similar to `name`, best first; case is ignored."""
    by_lower = {item.lower(): item for item in known}
    return [by_lower[match] for match in get_close_matches(str(name).lower(), by_lower, n=most, cutoff=0.6)]


def unknown(path: str, what: str, name: str, known: Iterable[str]) -> BadInput:
    """The error for an unknown name: it lists the nearest names, or all names if none is near."""
    names = list(known)
    close = nearest(name, names)
    remedy = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(names)}."
    return BadInput.of(path, f"there is no {what} named {name!r}", remedy)
