"""What a report says in words: the diagnosis of each run, and whether one is really better than the others."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pages.ui.common.run_view import in_run
from pages.ui.compare.better_html import ranking_html, whisker_html
from pages.ui.compare.compared_runs import ComparedRun
from pages.ui.compare.question import Question, short_reasons
from tl_core.comparison import Comparison, Side, rank, readable_sides
from tl_core.comparison import wording as differences
from tl_core.diagnosis import read_diagnosis
from tl_core.diagnosis import wording as verdicts
from tl_core.errors import BadInput


def better_section(runs: Sequence[ComparedRun], question: Question) -> str:
    """The answer to what the page asks. Empty for fewer than two sides."""
    measured = [run for run in runs if run.figures]
    entries = question.entries(measured)
    if len(entries) < 2:
        return ""
    sides, reasons = readable_sides(entries, question.images)
    said = [f"<p>{escape(reason)}</p>" for reason in short_reasons(reasons, measured)]
    return "\n".join(["<h2>Is one better?</h2>", *said, *(_answer(sides, question) if len(sides) > 1 else ())])


def _answer(sides: Sequence[Side], question: Question) -> list[str]:
    """A and B compared, and if there are more, where the others stand."""
    ranking = rank(sides)
    a, b = question.two(sides, ranking)
    said = _pair(ranking.compared(sides, a, b, question.margin)) if a != b else []
    if len(sides) > 2:
        said += [ranking_html(sides, ranking), _paragraph(differences.ranking_text(ranking))]
    return [*said, f'<p class="note">{escape(question.asked_of(sides[a].images))}</p>']


def _pair(comparison: Comparison) -> list[str]:
    found, legend = differences.lettered(comparison)
    return [
        *(f"<p>{escape(line)}</p>" for line in legend),
        f"<p><strong>{escape(differences.headline(found))}</strong></p>",
        whisker_html(found),
        _paragraph(differences.evidence(found)),
    ]


def verdict_section(runs: Sequence[ComparedRun]) -> str:
    """The diagnosis of each run in a sentence, and its further findings."""
    rows = "\n".join(f"<li><strong>{escape(run.name)}</strong>: {escape(_verdict(run))}</li>" for run in runs)
    return f"<h2>Diagnosis</h2>\n<ul>\n{rows}\n</ul>"


def _verdict(run: ComparedRun) -> str:
    try:
        found = read_diagnosis(run.run)
    except BadInput as error:
        return in_run(run.run, str(error))
    others = [verdicts.sentence(finding) for finding in found.findings if finding != found.main]
    return " ".join([verdicts.headline(found), *others])


def _paragraph(sentences: Sequence[str]) -> str:
    return f"<p>{escape(' '.join(sentences))}</p>"
