"""The contract of every verdict and its remedies, over all presets."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.each import for_each
from tl_core.data.dataset import ImageDataset
from tl_core.data.prepare import listed
from tl_core.diagnosis import REMEDIES, VERDICTS, Verdict, anew, proposals
from tl_core.diagnosis.remedies import MOST, possible
from tl_core.errors import Problem
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import DataSpec, ExperimentSpec
from tl_core.forks.rules import FIXED
from tl_core.plan import plan

OF_EPOCHS = (
    *("diverged", "batch-statistics", "dead-start", "overfitting", "overconfident", "rate-too-high", "rate-too-low"),
    *("not-finished", "few-epochs"),
)
"""Verdicts on curves: a classifier that is solved at once has a single point."""

OF_SOLVED = ("solved",)


@cache
def _problems(spec: ExperimentSpec, models: Path) -> frozenset[Problem]:
    return frozenset(plan(resolve(spec), models, _playground()).problems)


@cache
def _playground() -> ImageDataset:
    """The data of all presets, listed once."""
    return listed(DataSpec())


@for_each("verdict", VERDICTS, ids=lambda row: row.name)
def test_each_verdict_proposes_something_for_each_preset_that_differs_and_raises_no_problem(
    verdict: Verdict, tmp_path: Path
) -> None:
    for preset in PRESETS:
        if not _may_hold(verdict.name, preset.spec()):
            continue
        found = proposals(verdict.name, preset.spec())
        assert 1 <= len(found) <= MOST, preset.name
        for proposal in found:
            spec = preset.spec().with_values(proposal.changes)
            assert spec.digest() != preset.spec().digest(), (preset.name, proposal)
            assert _problems(spec, tmp_path) <= _problems(preset.spec(), tmp_path), (preset.name, proposal)


def _may_hold(verdict: str, spec: ExperimentSpec) -> bool:
    """Whether a finished run of an experiment can get a verdict."""
    if verdict == "few-epochs" and spec.train.epochs > 3:
        return False
    return verdict not in (OF_EPOCHS if spec.head.solved else OF_SOLVED)


def test_what_thaws_blocks_resets_what_needs_frozen_ones(tmp_path: Path) -> None:
    needing = {"backbone.output", "backbone.mirror", "head.classifier"}
    spec = PRESETS["solved-at-once"].spec()
    changes = possible("thaw", spec) or {}
    assert needing < set(changes) and not _problems(spec.with_values(changes), tmp_path)
    assert not needing & set(possible("thaw", PRESETS["feature-extraction"].spec()) or ())


def test_each_remedy_belongs_to_a_verdict_and_each_has_its_words() -> None:
    used = {name for verdict in VERDICTS for name in verdict.remedies}
    assert used == set(REMEDIES.names)
    for verdict in VERDICTS:
        assert verdict.rule.endswith(".") and verdict.help.endswith(".") and verdict.source, verdict.name
    for remedy in REMEDIES:
        assert remedy.reason.endswith(".") and remedy.source, remedy.name


def test_a_remedy_for_a_fork_changes_nothing_that_a_fork_cannot_change() -> None:
    for remedy in REMEDIES:
        changes = [remedy.changes(resolve(preset.spec())) for preset in PRESETS]
        assert remedy.at == "anew" or not any(set(FIXED) & set(one) for one in changes), remedy.name


def test_a_remedy_that_starts_anew_is_no_fork_where_the_run_is_one() -> None:
    fork = PRESETS["fine-tune"].spec({"start.run": "20260101-000000-parent", "start.epoch": 3})
    proposed = {one.remedy for verdict in VERDICTS for one in proposals(verdict.name, fork, most=None)}
    fixed = {name for name in proposed if REMEDIES[name].at == "anew" and set(possible(name, fork) or ()) & set(FIXED)}
    assert fixed, "they may change what a fork cannot"
    assert not anew(fork).start.run
    assert anew(fork) == PRESETS["fine-tune"].spec(), "and nothing else"
