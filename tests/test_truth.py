"""The short part of `make truth`: what the diagnosis says about a few generated histories, and the parts of the command itself."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.truth import __main__ as truth
from benchmarks.truth import curves, depths, generator, histories, laws, map_generator, maps
from benchmarks.truth.scores import Score, line, record
from tests.test_layers import imports_of


@pytest.fixture(scope="module")
def cases() -> list[histories.Case]:
    """One history of each kind with a smaller population: enough to tell what turned, not when."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator, "POOL", 2_000)
        made = [generator.generate(kind, seed, images=600) for kind in generator.KINDS for seed in (5000, 5001)]
    return [histories.Case(history, histories.diagnosed(history)) for history in made]


def test_overfitting_is_found_and_healthy_histories_are_left_alone(cases: list[histories.Case]) -> None:
    clear = [case for case in cases if case.history.kind != "chance in use"]
    turned = [case.called for case in clear if case.history.rise > 0.2]
    flat = [case.called for case in clear if case.history.turned is False]
    assert len(turned) >= 4 and np.mean(turned) >= 0.8
    assert len(flat) >= 10 and np.mean(flat) <= 0.1


def test_each_kind_of_history_gets_the_verdict_it_was_made_for(cases: list[histories.Case]) -> None:
    missed = [
        (case.history.kind, sorted(case.verdicts))
        for case in cases
        if (wanted := histories.EXPECTED.get(case.history.kind)) and not case.verdicts & wanted
    ]
    assert len(missed) <= 3, missed


def test_the_generator_shares_nothing_with_what_is_scored() -> None:
    for module in ("generator", "courses", "laws"):
        found = imports_of(f"benchmarks/truth/{module}.py")
        assert [one.module for one in found if one.package == "tl_core"] == []


def test_the_truth_of_a_history_does_not_depend_on_the_images_that_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "POOL", 2_000)
    history = generator.generate("overfitting", 7, images=100)
    assert history.population.argmin() + 1 == history.turn
    assert history.validation.loss.shape == (len(history.population), 100)
    again = generator.generate("overfitting", 7, images=100)
    assert np.array_equal(again.validation.loss, history.validation.loss) and again.turn == history.turn


@pytest.mark.parametrize(
    ("low", "high", "measured", "verdict"),
    [
        (0.93, 0.97, 0.95, "met"),
        (0.93, 0.97, 0.99, "not met"),
        (None, 0.05, 0.05, "met"),
        (0.95, None, math.nan, "not met"),
    ],
)
def test_a_score_meets_its_target_only_between_its_ends(
    low: float | None, high: float | None, measured: float, verdict: str
) -> None:
    score = Score("a score", measured, 10, low, high, "a note")
    assert score.verdict == record(score)["verdict"] == verdict
    assert verdict in line(score) and line(score).endswith("\n    a note")


def test_scores_are_printed_and_written_as_they_come(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(truth, "import_module", lambda name: _Part)
    file = tmp_path / "truth.json"
    monkeypatch.setattr(sys, "argv", ["truth", "--json", str(file), "--only", "histories", "--quick"])
    truth.main()
    assert "a share" in capsys.readouterr().out
    written = json.loads(file.read_text(encoding="utf-8"))
    assert [(score["part"], score["measured"]) for score in written["scores"]] == [("histories", 0.5)]


class _Part:
    @staticmethod
    def measure(quick: bool):
        assert quick
        yield Score("a share", 0.5, 3)


def test_the_truth_of_a_long_history_is_that_of_sections_as_one_epoch_of_many_is_lowest_by_its_jump(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(generator, "POOL", 1_000)
    history = generator.generate("healthy", 3, images=20, length=300)
    first, last = history.lowest
    sections = [history.population[start : start + 3].mean() for start in range(298)]
    assert last - first == 2 and sections[first - 1] == pytest.approx(min(sections))
    assert history.population.min() < min(sections)
    short = generator.generate("healthy", 3, images=20, length=30)
    assert short.lowest == (short.turn, short.turn)


def test_the_set_of_a_map_holds_the_best_cell_and_leaves_out_clearly_worse_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(map_generator, "POOL", 2_000)
    found = maps.generated(341, 8, first=5000)
    assert sum(case.held for case in found) >= 7
    left_out = [case.left_out for case in found if not np.isnan(case.left_out)]
    assert len(left_out) >= 4 and np.mean(left_out) >= 0.7
    assert np.mean([case.covered for case in found]) >= 0.85


def test_a_head_beside_a_map_is_told_from_its_best_cell_where_it_truly_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_generator, "POOL", 2_000)
    generated = list(maps.maps_of(341, 6, first=5000))
    assert max(maps.called(generated, 1.0)) <= 0.25
    assert maps.called(generated, 1.3)[0] >= 0.7 and maps.called(generated, 0.7)[1] >= 0.7


def test_the_truth_of_a_map_is_that_of_images_that_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_generator, "POOL", 4_000)
    for kind in map_generator.KINDS:
        few, many = (map_generator.generate(kind, 3, images) for images in (50, 4_000))
        assert few.losses.shape == (64, 50) and few.truth.shape == (64,)
        assert many.losses.mean(axis=1) == pytest.approx(many.truth, rel=0.2)


def test_the_truly_best_depth_is_rarely_called_worse_than_another() -> None:
    draw = np.random.default_rng(0)
    for equal in (True, False):
        found = [depths.case_of(draw, 341, equal).covered for _ in range(60)]
        assert np.mean(found) >= 0.9


@pytest.mark.long
def test_what_a_learning_curve_promises_holds_the_truth_as_often_as_it_says() -> None:
    """`make truth` has more cases, and real ones."""
    cases = [(made, curves.curve_of(made)) for made in map(laws.generate, range(100))]
    scores = list(curves.generated_scores(cases))
    covered = [score.measured for score in scores if "covered" in score.name]
    assert len(covered) == 4 and min(covered) >= 0.9
    assert "called a bad fit" in scores[-1].name and scores[-1].measured <= 0.05
