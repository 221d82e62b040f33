"""What can go wrong, said so that a person can act on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing a person should change before a run can start.

    Attributes:
        path: The setting or file it is about, e.g. `head.dropout`; forms show the problem beside that field.
        message: What was received and what is allowed.
        remedy: What to do about it.
    """

    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        sentence = f"{self.path}: {self.message}" if self.path else self.message
        return f"{sentence.rstrip('.')}. {self.remedy}".strip() if self.remedy else sentence


class LabError(Exception):
    """Base of every error that is meant for the person at the keyboard: one sentence, no trace needed."""


class BadInput(LabError):
    """Something given to the lab cannot be used; nothing was changed or started.

    Attributes:
        details: What else a program that reads the error may want to know.
    """

    def __init__(self, problems: Problem | Iterable[Problem], details: Mapping[str, Any] | None = None) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.details = dict(details or {})
        super().__init__("; ".join(str(problem) for problem in self.problems))

    @classmethod
    def of(cls, path: str, message: str, remedy: str = "") -> BadInput:
        return cls(Problem(path, message, remedy))


class RunFailed(LabError):
    """A run that had started cannot go on; its folder keeps what was reached."""


class RunStopped(LabError):
    """Somebody asked a run to stop; it can be resumed."""


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names most like `name`, best first; letter case is ignored."""
    by_lower = {item.lower(): item for item in known}
    return [by_lower[match] for match in get_close_matches(str(name).lower(), by_lower, n=most, cutoff=0.6)]


def unknown(path: str, what: str, name: str, known: Iterable[str]) -> BadInput:
    """The error for a name that no table holds: it lists the nearest names, or all of them where none is near."""
    names = list(known)
    close = nearest(name, names)
    remedy = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(names)}."
    return BadInput.of(path, f"there is no {what} named {name!r}", remedy)
