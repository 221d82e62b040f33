"""What a report says in words: the diagnosis of each run, and whether one is really better than the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from pages.ui.compare.compared_runs import ComparedRun
from tl_core import comparison
from tl_core.comparison import wording as differences
from tl_core.diagnosis import read_diagnosis
from tl_core.diagnosis import wording as verdicts
from tl_core.errors import BadInput


def better_section(runs: Sequence[ComparedRun]) -> str:
    """Is one better than another, on the validation images; runs that differ only in their seed are one side. Empty for fewer than two sides."""
    try:
        entries = comparison.entries_of([run.run for run in runs])
        if len(entries) < 2:
            return ""
        said = _answer(comparison.read_sides(entries))
    except BadInput as error:
        said = [escape(str(error))]
    return "\n".join(["<h2>Is one better than another?</h2>", *_paragraphs(said)])


def _answer(sides: Sequence[comparison.Side]) -> list[str]:
    """The two best compared, and if there are more, where the others stand."""
    ranking = comparison.rank(sides)
    first, second = sorted(ranking.order[:2])
    best = comparison.compare(sides[first], sides[second])
    several = differences.ranking_text(ranking) if len(sides) > 2 else ()
    said = [f"<strong>{escape(differences.headline(best))}</strong>", escape(" ".join(differences.evidence(best)))]
    return [*said, escape(" ".join(several)), escape(differences.CHOSEN_EPOCH)]


def verdict_section(runs: Sequence[ComparedRun]) -> str:
    """The diagnosis of each run in a sentence, and its further findings."""
    rows = "\n".join(f"<li><strong>{escape(run.name)}</strong>: {escape(_verdict(run))}</li>" for run in runs)
    return f"<h2>Diagnosis</h2>\n<ul>\n{rows}\n</ul>"


def _verdict(run: ComparedRun) -> str:
    try:
        found = read_diagnosis(run.run)
    except BadInput as error:
        return str(error)
    others = [verdicts.sentence(finding) for finding in found.findings if finding != found.main]
    return " ".join([verdicts.headline(found), *others])


def _paragraphs(texts: Iterable[str]) -> list[str]:
    return [f"<p>{text}</p>" for text in texts if text]
