"""What has to be said before compared curves are believed."""

from __future__ import annotations

from collections.abc import Sequence

from pages.ui.compare.reading import Compared


def remarks(runs: Sequence[Compared], measure: str) -> tuple[str, ...]:
    """A sentence for each reason for which the curves cannot be compared as they stand."""
    drawn = [run for run in runs if run.lines]
    return tuple(filter(None, (_data(drawn), _losses(drawn) if measure == "loss" else "")))


def _data(runs: Sequence[Compared]) -> str:
    if len({run.validation[0] for run in runs}) > 1:
        return (
            "These runs were trained on different data, and validated on different images: how high their curves lie is not "
            "comparable; only their shape and their gaps are."
        )
    if len({run.validation for run in runs}) > 1:
        return (
            "These runs split the same data differently, so they were validated on different images: small differences in how "
            "high their curves lie say nothing."
        )
    return ""


def _losses(runs: Sequence[Compared]) -> str:
    names = sorted({str(run.state.get("loss_name", "cross-entropy")) for run in runs})
    if len(names) > 1:
        return f"These runs minimise different losses ({' and '.join(names)}): compare their accuracies instead."
    return ""
