"""The Explore page over explorations and sweeps of which a file is damaged: the file is named, and the page and the others work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.advice.measured import measured
from tests.damage import DAMAGE
from tests.explorations import maps
from tests.explorations.results import ASKED, CURVE, PROBE
from tests.pages.visits import opened, said
from tests.sweeps.pretend import spec_of, work_off
from tl_core import explorations, store, sweeps
from tl_core.explorations import KINDS, Asked
from tl_core.records import Activity, Progress, Stage, Status
from tl_core.results.advice import AdviceOptions
from tl_core.results.learning_curve import LearningCurveOptions

ANSWERS: dict[str, tuple[Any, Any]] = {
    "advice": (AdviceOptions(), measured()),
    "depth-probe": (ASKED.options, PROBE),
    "head-map": (maps.ASKED.options, maps.MAP),
    "learning-curve": (LearningCurveOptions(), CURVE),
}
"""Options and result of each kind."""

FILES = ("asked.json", "state.json", "progress.json", "result.json")

SWEEP_FILES = ("sweep.json", "state.json", "journal.log")

QUICK = ("lists nested deeply", "numbers of 400 digits")
"""Damage that `make test` does; the others are repetitions."""

damages = pytest.mark.parametrize(
    "damage", [damage if damage in QUICK else pytest.param(damage, marks=pytest.mark.long) for damage in DAMAGE]
)


def of_every_kind(models: Path) -> Iterator[tuple[str, explorations.Exploration]]:
    """One of each kind that goes on, with all files; one with what was found stands in for it, when it has ended."""
    for kind, (options, result) in ANSWERS.items():
        made = explorations.create(models, Asked(KINDS[kind], ASKED.spec, options))
        explorations.write_state(made, status=Status.RUNNING, **store.this_process())
        explorations.write_progress(made, Progress(Activity(Stage.PROBING), 3, 9, 100.0, 106.0))
        explorations.write_result(made, result)
        yield kind, made


pytestmark = pytest.mark.slow


def test_every_kind_has_an_answer_here() -> None:
    assert tuple(ANSWERS) == KINDS.names


@damages
def test_no_damaged_file_of_an_exploration_breaks_the_page(models: Path, damage: str) -> None:
    for kind, made in of_every_kind(models):
        for name in FILES:
            file = made.folder / name
            content = file.read_bytes()
            DAMAGE[damage](file)
            shown = said(opened("explore", unfolded=["explore_kept"], id=made.id)).replace("\\", "")
            # Its process writes progress anew in a moment.
            assert damage != QUICK[0] or name == "progress.json" or name in shown, (kind, name)
            if damage not in QUICK:  # The same answer, found by its question.
                opened("explore", unfolded=["explore_kept"], question=kind)
            shutil.rmtree(file) if file.is_dir() else file.unlink()
            file.write_bytes(content)


def test_a_map_beside_another_that_is_damaged_is_shown_without_it(models: Path) -> None:
    ids = []
    for _ in range(2):
        made = explorations.create(models, maps.ASKED)
        explorations.write_result(made, maps.MAP)
        explorations.write_state(made, status=Status.FINISHED)
        ids.append(made.id)
    page = opened("explore", id=ids[0])
    (models / "explorations" / ids[1] / "result.json").write_text("{}")
    page.selectbox(key="map_beside").select(ids[1]).run()
    assert not page.exception
    assert "result.json" in said(page) and "cannot be told from it" in said(page)


@damages
def test_no_damaged_file_of_a_sweep_breaks_the_page(models: Path, damage: str) -> None:
    sweep = sweeps.create(models, spec_of(method="grid"), "Mine")
    work_off(sweep)
    for name in SWEEP_FILES:
        file = sweep.folder / name
        content = file.read_bytes()
        DAMAGE[damage](file)
        pages = [opened("explore", unfolded=["sweep_kept"], **to) for to in ({"id": sweep.id}, {"question": "sweep"})]
        assert damage != QUICK[0] or name in "".join(map(said, pages)).replace("\\", ""), name
        shutil.rmtree(file) if file.is_dir() else file.unlink()
        file.write_bytes(content)
