"""Real runs whose truth is known by construction: too few images, wrong labels, a rate that is too high, a leak that is planted ...

Trained by the lab itself, on digits drawn anew as often as wanted. Each run is validated on thousands of images, of which the lab gets to see some
hundreds, several times others; the rest are the population: they tell whether its loss turned, and when.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.truth.images import write_digits
from benchmarks.truth.judged import Judged
from benchmarks.truth.scores import Score
from tl_core import store
from tl_core.data.prepare import listed
from tl_core.diagnosis import Diagnosis, diagnose
from tl_core.errors import LabError
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import EpochRecord, unwatched
from tl_core.store import Epochs, Outputs, Run

TURNED, FLAT = 0.10, 0.02
"""The population's loss at the end, over its lowest: turned from the one on, flat up to the other. Epochs jump, so that 0 is never reached."""

SHOWN = (100, 200, 400)
DRAWS = 5
"""Numbers of images shown to the lab, and how often others are drawn for each."""


FOLDERS: dict[str, dict[str, Any]] = {
    "digits": {"train": (60,) * 6, "validation": 400},
    "clear": {"train": (60,) * 6, "validation": 400, "noise": 15.0, "seed": 1},
    "plain": {"train": (60,) * 6, "validation": 400, "noise": 5.0, "shift": 2, "seed": 5},
    "rare": {"train": (80, 80, 80, 80, 2, 2), "validation": 100, "seed": 2},
    "copied": {"train": (40,) * 6, "validation": 100, "copied": True, "seed": 3},
    "small": {"train": (30,) * 4, "validation": 150, "seed": 4},
}


@dataclass(frozen=True, eq=False)
class Made:
    """A run and what it was made to show.

    Attributes:
        wanted: The verdicts of which one has to be found; empty if only overfitting is in question.
        settings: By path, over `COMMON`.
    """

    title: str
    folder: str
    settings: Mapping[str, Any]
    wanted: frozenset[str] = field(default_factory=frozenset)


COMMON = {"data.image_size": 32, "head.dropout": 0.0, "train.epochs": 40}


def _made(title: str, folder: str, wanted: str = "", **settings: Any) -> Made:
    return Made(
        title, folder, {path.replace("__", "."): value for path, value in settings.items()}, frozenset(wanted.split())
    )


HIDDEN: dict[str, Any] = {"head__hidden": [256], "train__learning_rate": 3e-3}
LOW: dict[str, Any] = {"backbone__output": "block2", "backbone__freeze": "none"}
CALM: dict[str, Any] = {"train__learning_rate": 3e-3, "schedule__name": "cosine"}
RUNS = (
    _made("few images", "digits", "overfitting overconfident", data__images_per_class=10, **HIDDEN),
    _made("few images, small batches", "clear", "overfitting overconfident", data__images_per_class=10, train__batch_size=8, **HIDDEN),
    _made("few images, sgd", "digits", "overfitting overconfident", data__images_per_class=20, head__hidden=[256], optimizer__name="sgd",
          train__learning_rate=0.02, train__epochs=60),
    _made("few images, linear", "digits", data__images_per_class=8, train__learning_rate=0.01, train__epochs=60),
    _made("few images, batch normalisation", "clear", "overfitting overconfident", data__images_per_class=20, head__batch_norm=True, **HIDDEN),
    _made("large head", "digits", "overfitting overconfident", head__hidden=[512, 256], train__learning_rate=1e-3),
    _made("large head, clear images", "clear", "overfitting overconfident", head__hidden=[512], train__learning_rate=3e-3, train__epochs=60),
    _made("wrong labels, hard images", "digits", "memorised-labels", data__label_noise=0.3, **HIDDEN),
    _made("wrong labels", "plain", "memorised-labels", data__label_noise=0.2, head__hidden=[512], train__learning_rate=1e-3),
    _made("wrong labels, few images", "plain", "memorised-labels", data__label_noise=0.2, data__images_per_class=30, **HIDDEN),
    _made("many wrong labels", "plain", "memorised-labels", data__label_noise=0.4, **HIDDEN),
    _made("thawed, few images", "small", train__backbone_learning_rate=1e-3, train__learning_rate=1e-3,
          train__epochs=25, data__images_per_class=12, **LOW),
    _made("L2", "digits", head__l2=0.03, **CALM),
    _made("L2, clear images", "clear", head__l2=0.01, **CALM),
    _made("small head", "clear", head__hidden=[16], head__l2=0.01, **CALM),
    _made("few epochs, cosine", "clear", train__learning_rate=1e-3, schedule__name="cosine", head__l2=0.003, train__epochs=20),
    _made("label smoothing", "clear", loss__label_smoothing=0.1, head__l2=0.01, **CALM),
    _made("dropout", "digits", head__dropout=0.5, head__l2=0.03, **CALM),
    _made("dropout and moving average", "clear", head__dropout=0.5, head__l2=0.01, optimizer__ema=0.98, **CALM),
    _made("L2, few images", "clear", head__l2=0.03, data__images_per_class=30, **CALM),
    _made("thawed, all images", "small", train__backbone_learning_rate=1e-4, train__epochs=10, head__l2=0.01, train__learning_rate=3e-3,
          schedule__name="cosine", **LOW),
    _made("few epochs", "clear", "not-finished rate-too-low", train__learning_rate=1e-4, train__epochs=12),
    _made("few epochs, hidden layer", "clear", "not-finished rate-too-low", head__hidden=[64], train__learning_rate=1e-4, train__epochs=8),
    _made("low rate", "clear", "rate-too-low", train__learning_rate=1e-5, train__epochs=25),
    _made("low rate, hidden layer", "digits", "rate-too-low", head__hidden=[64], train__learning_rate=3e-6, train__epochs=25),
    _made("high rate", "clear", "rate-too-high diverged", train__learning_rate=3.0, train__epochs=30),
    _made("high rate, hidden layer", "digits", "rate-too-high diverged dead-start", head__hidden=[64], train__learning_rate=0.1,
          train__epochs=30),
    _made("high rate, sgd", "digits", "rate-too-high diverged", optimizer__name="sgd", train__learning_rate=3.0, train__epochs=30),
    _made("strong penalty", "clear", "underfitting", head__l2=0.3, **CALM),
    _made("two hidden units", "digits", "underfitting", head__hidden=[2], head__l2=0.03, train__learning_rate=0.01, schedule__name="cosine"),
    _made("no steps", "clear", "dead-start", train__learning_rate=1e-7, train__epochs=8),
    _made("rare classes", "rare", "class-collapse", train__learning_rate=1e-3, head__l2=0.1, train__epochs=30),
    _made("planted leak", "copied", "leaking", train__learning_rate=3e-3, train__epochs=20),
)  # fmt: skip

QUICK = ("few images", "L2, clear images", "low rate")


@dataclass(frozen=True)
class Case(Judged):
    """A run with what the lab says about it, given some of its validation images.

    Attributes:
        turned: Whether the population's loss turned; None if it is neither.
        turn: The epoch of the population's lowest loss, from 1; None without a population.
    """

    made: Made
    diagnosis: Diagnosis
    turned: bool | None
    turn: int | None


def measure(quick: bool) -> Iterator[Score]:
    with tempfile.TemporaryDirectory() as folder:
        runs = [made for made in RUNS if not quick or made.title in QUICK]
        cases = [case for made in runs for case in cases_of(made, Path(folder))]
    yield from _detection(cases)
    yield from _onset(cases)
    yield from _verdicts(cases)


def cases_of(made: Made, folder: Path) -> Iterator[Case]:
    """Trains a run and diagnoses it on several draws of its validation images."""
    run = _trained(made, folder)
    twins, outputs = _twins(run), store.read_outputs(run)
    for draw in range(DRAWS):
        for shown in SHOWN:
            yield _case(made, run, outputs, twins, shown, np.random.default_rng([draw, shown]))


def _case(made: Made, run: Run, outputs: Outputs, twins: np.ndarray, shown: int, rng: np.random.Generator) -> Case:
    order = rng.permutation(outputs.images)
    seen, rest = order[:shown], order[shown:]
    state, records = store.read_state(run), store.read_epochs(run)
    images = {**state.images, "validation": len(seen)}
    found = diagnose(
        store.read_spec(run),
        replace(state, images=images),
        Epochs([_record(record, outputs, seen) for record in records]),
        _part(outputs, seen),
        store.read_outputs(run, "train_eval"),
        twins[seen] if twins.any() else None,
    )
    if len(rest) < 4 * shown or not outputs.epochs:
        return Case(made, found, None, None)
    curve = outputs.loss[:, rest].astype(np.float64).mean(axis=1)
    rise = np.median(curve[-3:]) / curve.min() - 1
    return Case(made, found, True if rise >= TURNED else False if rise <= FLAT else None, int(curve.argmin()) + 1)


def _trained(made: Made, folder: Path) -> Run:
    from tl_core.engine.training import lifecycle

    images = folder / made.folder
    if not images.exists():
        write_digits(images, **FOLDERS[made.folder])
    source = {"data.source": f"folder:{images}"}
    run = store.create(folder / "models", ExperimentSpec().with_values({**COMMON, **source, **made.settings}))
    try:
        lifecycle.train(run, folder / "models", unwatched)
    except LabError as error:
        print(f"    {made.title}: {error}", flush=True)  # A run that was made to diverge fails.
    return run


def _twins(run: Run) -> np.ndarray:
    """Whether each validation image is a copy of a training image: what an audit of the files would find."""
    spec = store.read_spec(run)
    items = listed(spec.data).items
    trained = {item.digest for item in items if item.part == "train"}
    digests = {item.key: item.digest for item in items}
    return np.array([digests[key] in trained for key in store.read_image_keys(run, "val")])


def _part(outputs: Outputs, seen: np.ndarray) -> Outputs:
    rows = (outputs.predicted, outputs.true_probability, outputs.loss)
    return Outputs(outputs.labels[seen], *(values[:, seen] for values in rows))


def _record(record: EpochRecord, outputs: Outputs, seen: np.ndarray) -> EpochRecord:
    """The record as it would be with these validation images alone."""
    loss, predicted = outputs.loss[record.epoch - 1, seen], outputs.predicted[record.epoch - 1, seen]
    figures = {
        "val_loss": float(loss.mean(dtype=np.float64)),
        "val_accuracy": float((predicted == outputs.labels[seen]).mean()),
    }
    return replace(record, metrics={**record.metrics, **figures})


def _detection(cases: Sequence[Case]) -> Iterator[Score]:
    # Where the rate is too high, both losses rise: that is another fault, whether it is called overfitting too or not.
    others = [case for case in cases if "rate-too-high" not in case.made.wanted]
    turned, flat = ([case for case in others if case.turned is truth] for truth in (True, False))
    right, false = sum(case.called for case in turned), sum(case.called for case in flat)
    f1 = 2 * right / max(right + false + len(turned), 1)
    note = f"{len({case.made.title for case in turned})} runs that turned, {len({case.made.title for case in flat})} that did not"
    yield Score("real runs: overfitting found, F1", f1, len(turned) + len(flat), low=0.95, note=note)
    yield Score("real runs: overfitting found, of those that overfit", right / max(len(turned), 1), len(turned))
    yield Score("real runs: false alarms, of those that do not", false / max(len(flat), 1), len(flat), high=0.05)
    for shown in SHOWN:
        those = [case.called for case in turned if case.diagnosis.images == shown]
        yield Score(
            f"real runs: overfitting found with {shown} images", float(np.mean(those)) if those else np.nan, len(those)
        )


def _onset(cases: Sequence[Case]) -> Iterator[Score]:
    turns = [(case.turn, turn) for case in cases if case.turned and case.turn and (turn := case.diagnosis.turn)]
    covered = [turn.low <= true <= turn.high for true, turn in turns]
    width = float(np.median([(turn.high - turn.low + 1) / turn.last for _, turn in turns])) if turns else np.nan
    share = float(np.mean(covered)) if covered else np.nan
    yield Score(
        "real runs: interval of the onset covers the true turn",
        share,
        len(turns),
        0.93,
        0.97,
        f"its width: {width:.0%} of the epochs",
    )


def _verdicts(cases: Sequence[Case]) -> Iterator[Score]:
    for made in dict.fromkeys(case.made for case in cases if case.made.wanted):
        those = [case for case in cases if case.made is made]
        right = [bool(case.verdicts & made.wanted) for case in those]
        others = sorted({case.diagnosis.main.verdict for case in those if case.diagnosis.main})
        note = f"wanted {' or '.join(sorted(made.wanted))}; main verdicts: {', '.join(others)}"
        yield Score(f"real runs: {made.title}: found", float(np.mean(right)), len(right), note=note)
