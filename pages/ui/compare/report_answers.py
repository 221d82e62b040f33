"""What a report says in words: the diagnosis of each run, and whether one is really better than the others."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pages.ui.compare.better_html import ranking_html, whisker_html
from pages.ui.compare.compared_runs import ComparedRun
from pages.ui.compare.grouping import SAME, groups_of
from tl_core.comparison import Entry, Side, rank, readable_sides
from tl_core.comparison import wording as differences
from tl_core.diagnosis import read_diagnosis
from tl_core.diagnosis import wording as verdicts
from tl_core.errors import BadInput


def better_section(runs: Sequence[ComparedRun]) -> str:
    """Is one better than another, on the validation images; runs that differ only in their seed are one side. Empty for fewer than two sides."""
    measured = [run for run in runs if run.figures]
    entries = [Entry(group.title, tuple(run.run for run in group.runs)) for group in groups_of(measured, SAME)]
    if len(entries) < 2:
        return ""
    sides, reasons = readable_sides(entries)
    said = [f"<p>{escape(reason)}</p>" for reason in reasons]
    return "\n".join(["<h2>Is one better?</h2>", *said, *(_answer(sides) if len(sides) > 1 else ())])


def _answer(sides: Sequence[Side]) -> list[str]:
    """The two best compared, and if there are more, where the others stand."""
    ranking = rank(sides)
    first, second = sorted(ranking.order[:2])
    best, legend = differences.lettered(ranking.compared(sides, first, second))
    said = [
        *(f"<p>{escape(line)}</p>" for line in legend),
        f"<p><strong>{escape(differences.headline(best))}</strong></p>",
        whisker_html(best),
        _paragraph(differences.evidence(best)),
    ]
    if len(sides) > 2:
        said += [ranking_html(sides, ranking), _paragraph(differences.ranking_text(ranking))]
    return [*said, f'<p class="note">{escape(differences.CHOSEN_EPOCH)}</p>']


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


def _paragraph(sentences: Sequence[str]) -> str:
    return f"<p>{escape(' '.join(sentences))}</p>"
