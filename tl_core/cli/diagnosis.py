"""diagnose, and what show says about a run: headline, findings, onset, gap ladder, what to try."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from tl_core import store
from tl_core.cli import options, output
from tl_core.diagnosis import REMEDIES, VERDICTS, Diagnosis, Finding, proposals, read_diagnosis, wording
from tl_core.diagnosis.types import Where
from tl_core.experiment.spec import ExperimentSpec


@click.command()
@click.argument("run")
@options.models
@options.as_json
def diagnose(run: str, models: Path, as_json: bool) -> None:
    """Say what is wrong with a run, and what to try.

    Since when it is wrong, what that cost, and how sure that is, with the figures it rests on.

    \b
    RUN is an id, a part of one, or last:
      python -m tl_core diagnose last
    docs/diagnosis.md explains every verdict.
    """
    found = store.find_run(models, run)
    diagnosis = read_diagnosis(found)
    if as_json:
        output.print_json({"run": found.id, "diagnosis": diagnosis.to_json()})
        return
    output.print_line(f"{found.id}\n", style="dim")
    print_diagnosis(diagnosis, store.read_spec(found), found.id)


def print_diagnosis(diagnosis: Diagnosis, spec: ExperimentSpec, run: str) -> None:
    output.print_text(wording.headline(diagnosis))
    for finding in diagnosis.findings:
        _print_finding(finding)
    if not diagnosis.turn and (said := wording.no_turn(diagnosis)):
        output.print_line()
        output.print_text(said)
    _print_ladder(diagnosis)
    lines = list(_remedies(diagnosis, spec, run))
    if lines:
        output.print_line("\nWhat to try:")
    for line in lines:
        output.print_text(line, indent=2)


def _print_finding(finding: Finding) -> None:
    row = VERDICTS[finding.verdict]
    output.print_line(f"\n{row.title}", style="bold")
    output.print_text(row.help, indent=2)
    rows = [(wording.TITLES[one.name], wording.figure(one)) for one in finding.evidence]
    for title, figure in rows:
        output.print_text(f"{title}: {figure}", indent=2)


def _print_ladder(diagnosis: Diagnosis) -> None:
    if diagnosis.ladder is None:
        return
    output.print_line(
        f"\nGap between reported training accuracy and validation accuracy in epoch {diagnosis.ladder.epoch}:"
    )
    for rung in diagnosis.ladder.rungs:
        output.print_text(f"{rung.title}: {wording.points(rung.share)}", indent=2)


def _remedies(diagnosis: Diagnosis, spec: ExperimentSpec, run: str) -> Iterator[str]:
    """Each remedy once, for the first verdict it belongs to."""
    told = set()
    for finding in diagnosis.findings:
        for proposal in proposals(finding.verdict, spec):
            if proposal.remedy not in told:
                told.add(proposal.remedy)
                row = REMEDIES[proposal.remedy]
                settings = " ".join(f"--set {path}={_written(value)}" for path, value in proposal.changes.items())
                yield f"{row.title}{_start(row.at, spec, run)}: {row.reason} {settings}"


def _start(at: Where, spec: ExperimentSpec, run: str) -> str:
    if at == "best epoch":
        return f" (fork {run} at its best epoch)"
    return " (a new run from the beginning, no fork)" if spec.start.run else ""


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


COMMANDS = (diagnose,)
