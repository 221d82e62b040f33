"""The runs that are compared, read from their folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pages.ui.charts.curves import Named
from pages.ui.charts.points import Lines
from pages.ui.run.view import look
from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store.live_changes import LiveChange

_LONGEST = 34
"""Characters of a title: legends and hover labels have to fit a narrow window."""


@dataclass(frozen=True)
class Compared:
    """One run.

    Attributes:
        name: Tells it apart from all others of the folder.
        adjustments: What was changed while it trained.
    """

    id: str
    name: str
    spec: ExperimentSpec
    state: dict[str, Any]
    lines: Lines
    adjustments: tuple[LiveChange, ...] = ()

    @property
    def curves(self) -> Named:
        return Named(self.name, self.lines, self.id)

    @property
    def best(self) -> Mapping[str, Any] | None:
        """The line of the highest validation accuracy; None before the first epoch."""
        return store.most_accurate(self.lines)

    @property
    def validation(self) -> tuple[Any, ...]:
        """What decides which images it is validated on: the pictures found, and how they were split."""
        data = self.spec.data
        found = self.state.get("data") or data.source
        return found, data.validation_share, data.test_share, data.group_by, data.split_seed


def names(titles: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A name for each (id, title): the title, cut where it is long, with the end of the id where others have the same one."""
    given = [(id, title if len(title) <= _LONGEST else title[: _LONGEST - 1] + "…") for id, title in titles]
    count = Counter(title for _, title in given)
    return {id: title if count[title] == 1 else f"{title} {id[-4:]}" for id, title in given}


def read(models: Path, ids: Sequence[str], called: dict[str, str]) -> tuple[list[Compared], list[str]]:
    """The runs of these ids that can be read, and for each other one a sentence that says why not."""
    found: list[Compared] = []
    problems: list[str] = []
    for id in ids:
        try:
            view = look(store.get(models, id))
        except BadInput as error:
            problems.append(str(error))
            continue
        if view.spec is None or view.damage:
            problems.append(f"{called.get(id, id)}: {' '.join(view.damage)}")
        else:
            found.append(Compared(id, called.get(id, id), view.spec, view.state, view.lines, view.adjustments))
    return found, problems
