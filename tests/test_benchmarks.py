"""The figures of `make bench` and `make course`: verdicts, their file, and that both sides of a comparison do the same work."""

from __future__ import annotations

import json
import math
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import __main__ as bench
from benchmarks.chosen import chosen
from benchmarks.environment import environment
from benchmarks.figures import Conditions, Figure, Unmeasured, line, record
from benchmarks.photos import Photos, drawn, given
from benchmarks.study import STUDY
from benchmarks.timing import Times, in_turn
from tests.conftest import write_photos
from tl_core import store
from tl_core.errors import BadInput
from tl_core.records import EpochRecord
from tl_core.store import Epochs


@pytest.mark.parametrize(
    ("measured", "at_least", "verdict"),
    [
        (1.49, False, "met"),
        (1.5, False, "met"),
        (1.51, False, "not met"),
        (1.51, True, "met"),
        (1.5, True, "met"),
        (1.49, True, "not met"),
        (math.nan, True, "not met"),
        (math.nan, False, "not met"),
    ],
)
def test_a_figure_is_met_on_the_right_side_of_its_target(measured: float, at_least: bool, verdict: str) -> None:
    assert Figure("a", measured, 1.5, "times", at_least).verdict == verdict


def test_a_figure_without_a_target_has_no_verdict() -> None:
    figure = Figure("a", 3.0, None, "s")
    assert figure.verdict == "" and "met" not in line(figure)


def test_a_row_of_the_table_says_what_was_measured_aimed_at_and_whether_it_is_met() -> None:
    row = line(Figure("heads", 4.071, 8, "times", note="on 64 heads"))
    assert row.splitlines()[0].split() == ["heads", "4.07", "times", "≤", "8", "met"]
    assert row.splitlines()[1].strip() == "on 64 heads"


def test_a_small_figure_is_not_rounded_to_nothing() -> None:
    assert "8.11e-07" in line(Figure("difference", 8.11e-7, 1e-4, "nats"))


def test_a_figure_as_json_says_everything_a_reader_of_the_file_needs() -> None:
    read = json.loads(json.dumps(record(Figure("heads", 4.0, 8, "times", note="why"))))
    assert read == {
        "name": "heads",
        "measured": 4.0,
        "target": 8,
        "unit": "times",
        "at_least": False,
        "note": "why",
        "verdict": "met",
    }


def test_the_file_says_where_figures_come_from() -> None:
    here = environment()
    assert {"date", "command", "python", "platform", "processor", "cores", "memory", "load"} <= set(here)
    assert {"tensorflow", "keras", "openvino", "numpy"} <= set(here["packages"])
    assert json.loads(json.dumps(here)) == here


def test_a_family_that_cannot_be_measured_is_said_and_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def cannot(name: str, conditions: Conditions) -> None:
        raise Unmeasured("There is no browser.")

    monkeypatch.setattr(bench, "_measured", cannot)
    found = list(bench._shown("dashboard", Conditions(Photos(tmp_path, ""), tmp_path)))
    assert found[0]["unmeasured"] == "There is no browser."
    assert "not measured: There is no browser." in capsys.readouterr().out


Bench = Callable[..., tuple[list[str], dict[str, Any]]]


@pytest.fixture
def bench_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Bench:
    """Runs `make bench` in an empty folder with what families measure, or raise; the lines of its last part, and its file."""
    monkeypatch.chdir(tmp_path)

    def run(families: dict[str, list[Figure | BaseException]], *arguments: str, file: str = "bench.json") -> Any:
        def measured(name: str, _conditions: Conditions) -> Iterator[Figure]:
            for figure in families[name]:
                if isinstance(figure, BaseException):
                    raise figure
                yield figure

        monkeypatch.setattr(bench, "_measured", measured)
        monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", ",".join(families), *arguments])
        ends = next((one for figures in families.values() for one in figures if isinstance(one, ValueError)), None)
        with pytest.raises(ValueError) if ends else nullcontext():
            bench.main()
        _, heading, short = capsys.readouterr().out.partition("In short: ")
        assert heading
        return short.splitlines()[1:], json.loads((tmp_path / file).read_text())

    return run


OVER, FIT = Figure("over a bare loop", 1.2, 1.5, "times", note="seconds"), Figure("Keras fit", 7.0, None, "times")


def test_bench_ends_with_every_target_and_every_family_that_was_not_measured(bench_of: Bench) -> None:
    heads = Figure("64 heads", 9.0, 8, "times")
    lines, kept = bench_of({"tail": [OVER, FIT], "heads": [heads], "dashboard": [Unmeasured("There is no browser.")]})
    tail, many, pages, *rest = lines
    assert tail.split() == ["over", "a", "bare", "loop", "1.2", "times", "≤", "1.5", "met"]
    assert many.split()[-4:] == ["≤", "8", "not", "met"]
    assert pages == "response times of the pages: not measured"
    assert rest == ["", "Written to bench.json."]
    assert [figure["family"] for figure in kept["figures"]] == ["tail", "tail", "heads", "dashboard"]
    assert kept["photos"] == "none needed"


def test_what_bench_measured_before_a_family_failed_is_said_and_kept(bench_of: Bench) -> None:
    lines, kept = bench_of({"tail": [OVER], "heads": [FIT, ValueError("no more")]})
    assert lines[0].split()[-1] == "met"
    assert [figure["name"] for figure in kept["figures"]] == [OVER.name, FIT.name]


def test_bench_writes_where_it_is_told(bench_of: Bench, tmp_path: Path) -> None:
    lines, _ = bench_of({"tail": [OVER]}, "--json", "other.json", file="other.json")
    assert lines[-1] == "Written to other.json."
    assert not (tmp_path / "bench.json").exists()


def test_only_names_families_in_their_order_and_an_unknown_one_is_refused() -> None:
    assert chosen("tail,limits", bench.FAMILIES, "family") == ["limits", "tail"]
    assert chosen("", bench.FAMILIES, "family") == list(bench.FAMILIES)
    with pytest.raises(BadInput, match="Did you mean tail"):
        chosen("tial", bench.FAMILIES, "family")


def test_sides_take_turns_after_a_warm_up_of_each() -> None:
    calls: list[str] = []
    times = in_turn([lambda: calls.append("a"), lambda: calls.append("b")], repeats=2)
    assert calls == ["a", "b"] * 3
    assert [len(side.seconds) for side in times] == [2, 2]


def test_the_median_of_times_is_not_moved_by_one_that_is_off() -> None:
    assert Times((1.0, 100.0, 2.0)).median == 2.0


def test_photos_without_train_and_validation_are_refused_with_the_form_they_need(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="one folder per class"):
        given(tmp_path)


@pytest.mark.slow
def test_drawn_pictures_have_the_counts_that_are_asked_for_and_no_two_are_the_same(tmp_path: Path) -> None:
    made = drawn(tmp_path / "photos", train=30, validation=10)
    assert (made.count("train"), made.count("validation")) == (30, 10)
    assert len({path.read_bytes() for path in made.files}) == 40
    assert "no photos" in made.said
    assert given(made.folder).count("train") == 30


def test_the_study_is_the_published_one() -> None:
    """performance.md of the course's figures: 221 epochs and 3,560 s, in six cells."""
    assert len(STUDY) == 14
    assert sum(run.epochs for run in STUDY) == 221
    assert sum(run.seconds for run in STUDY) == pytest.approx(3560)
    cells = {cell: sum(run.epochs for run in STUDY if run.cell == cell) for cell in (28, 32, 39, 42, 46, 51)}
    assert cells == {28: 10, 32: 40, 39: 10, 42: 30, 46: 120, 51: 11}
    assert all(run.best >= run.last for run in STUDY)


@pytest.mark.slow
def test_the_study_without_photos_says_where_they_are_and_how_folders_must_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks.course"])
    with pytest.raises(SystemExit, match=r"clothing-dataset-small.*train/ and validation/"):
        runpy.run_module("benchmarks.course", run_name="__main__")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    folder = tmp_path_factory.mktemp("few")
    for part, each in (("train", 24), ("validation", 8)):
        write_photos(folder / part, ("cat", "dog", "fox"), each)
    return given(folder)


@pytest.mark.long
@pytest.mark.slow
def test_plain_keras_and_ours_train_the_same_thing(few: Photos, tmp_path: Path) -> None:
    from benchmarks.plain import Head, Plain
    from benchmarks.training import run_ours, spec_of

    epochs = 3
    plain = Plain(few, 64, Head((), 0.2, 0.01))
    told = [plain.epoch() for _ in range(epochs)]
    ours = run_ours(spec_of(few, 64, epochs, **{"train.learning_rate": 0.01}), tmp_path)
    assert plain.images == few.count("train") == 72
    assert plain.updates == epochs * 3  # 72 images in batches of 32
    assert len(ours.records) == epochs
    assert told[-1]["val_accuracy"] > 0.6 and ours.records[-1].metrics["val_accuracy"] > 0.6
    assert 0 < ours.epochs < ours.whole


@pytest.mark.slow
def test_the_bare_loop_does_the_updates_that_ours_does() -> None:
    from benchmarks import tail

    data = tail.Data.made(100, 20)
    trainer = tail.trainer_on(data)
    ours, bare = tail.ours(trainer, []), tail.bare(data, tail.kernel_of(trainer))
    before = tail.kernel_of(trainer)
    for _ in range(3):
        ours()
        weights = bare()
    for mine, others, first in zip(tail.kernel_of(trainer), weights, before, strict=True):
        assert np.abs(mine - others).max() < 1e-6
        assert np.abs(mine - first).max() > 1e-3


@pytest.mark.slow
def test_what_is_compared_with_has_the_graph_optimiser_that_the_lab_switches_off() -> None:
    from benchmarks.timing import as_installed
    from tl_core.engine.backend import tf

    before = tf.config.optimizer.get_experimental_options()["disable_meta_optimizer"]
    with as_installed():
        assert tf.config.optimizer.get_experimental_options()["disable_meta_optimizer"] is False
    assert tf.config.optimizer.get_experimental_options()["disable_meta_optimizer"] is before


@pytest.mark.slow
def test_a_published_run_becomes_the_experiment_it_was(few: Photos) -> None:
    from benchmarks.course import spec

    linear = spec(few, STUDY[0], 150)
    assert (linear.head.hidden, linear.train.learning_rate, linear.train.epochs) == ((), 0.01, 10)
    dropped = spec(few, next(run for run in STUDY if run.dropout == 0.5), 150)
    assert (dropped.head.hidden, dropped.head.dropout, dropped.head.hidden_dropout) == ((100,), 0.5, (0.0,))
    assert dropped.train.batch_size == 32 and dropped.backbone.freeze == "all" and not dropped.augment


@pytest.mark.slow
def test_the_largest_difference_of_two_runs_is_found_whatever_loss_and_epoch_it_is_in() -> None:
    from benchmarks.equality import difference

    def records(*losses: tuple[float, float, float]) -> Epochs:
        names = ("loss", "train_eval_loss", "val_loss")
        found = [dict(zip(names, values, strict=True)) for values in losses]
        return Epochs([EpochRecord(epoch, "head", values) for epoch, values in enumerate(found, 1)])

    one = records((1.0, 0.5, 2.0), (0.9, 0.4, 1.9))
    other = records((1.0, 0.5, 2.0), (0.9, 0.25, 1.9))
    assert difference(one, one) == 0
    assert difference(one, other) == pytest.approx(0.15)


@pytest.mark.slow
@pytest.mark.parametrize("name", bench.FAMILIES)
def test_every_family_is_a_module_that_measures(name: str) -> None:
    assert callable(import_module(f"benchmarks.{name}").measure)


@pytest.mark.long
@pytest.mark.slow
def test_the_study_runs_as_runs_and_as_banks_with_every_epoch(few: Photos, tmp_path: Path) -> None:
    from benchmarks.course import banked, replay

    linear, hidden = replace(STUDY[0], epochs=2), replace(STUDY[9], epochs=3)
    replayed = list(replay(few, tmp_path / "runs", 64, [linear, hidden]))
    assert [one.published for one in replayed] == [linear, hidden]
    assert all(one.best >= one.last > 0 and 1 <= one.best_epoch <= one.published.epochs for one in replayed)
    assert len(store.runs(tmp_path / "runs")) == 2
    assert banked(few, tmp_path / "banks", 64, [linear, hidden]) > 0


@pytest.mark.long
@pytest.mark.slow
def test_openvino_s_own_benchmark_runs_the_network_that_ours_runs(tmp_path: Path) -> None:
    from benchmarks.prefix import benchmark_app, prefix, rate, save
    from tl_core.engine.inputs.prefix import compiled

    network = prefix(64)
    save(network, tmp_path / "prefix.xml")
    assert benchmark_app(tmp_path / "prefix.xml", 1) > 0
    assert rate(compiled(network), np.zeros((32, 64, 64, 3), np.uint8)) > 0


def test_the_table_of_networks_has_a_line_for_every_one_measured_or_not() -> None:
    from benchmarks.networks import Outcome, table
    from tl_core.backbones import BACKBONES

    lines = table({"VGG16": Outcome("VGG16", 12.34, 1.0, 2_000_000_000, "random", 0.75)})
    assert [line.split("`")[1] for line in lines[2:]] == list(BACKBONES.names)
    assert {line.count("|") for line in lines} == {11}
    (measured,) = [line for line in lines if "`VGG16`" in line]
    assert measured.endswith("| 12.3 | 1 | 2 GB | 75.0 % (random) |")


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("freeze", ["none", "all-but-1"])
def test_a_thawed_network_has_the_losses_that_plain_keras_has(freeze: str) -> None:
    from benchmarks.thawed import Case, Images

    case, seconds = Case(32, freeze, Images.made(32, 64)), list[float]()
    ours, plain = case.ours(seconds), case.plain()
    losses = [(ours(), plain()) for _ in range(3)]
    assert np.array(losses) == pytest.approx(np.array(losses)[:, ::-1], abs=1e-4)
    assert losses[2][0] < losses[0][0] - 1e-3
    assert len(seconds) == 3


@pytest.mark.long
@pytest.mark.slow
def test_every_epoch_of_augmented_images_trains_on_both_sides() -> None:
    from benchmarks import augmented
    from benchmarks.thawed import Images

    images, seconds = Images.made(augmented.SIZE, 32), list[float]()
    for side in (augmented.ours(images, seconds), augmented.plain(images)):
        side()
    assert len(seconds) == 1 and seconds[0] > 0
