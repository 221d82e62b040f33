"""The English of a diagnosis: a headline, a sentence for each finding, titles of figures. Never parsed."""

from __future__ import annotations

from collections.abc import Callable

from tl_core.diagnosis.observed import FEWEST, FEWEST_IMAGES
from tl_core.diagnosis.types import Diagnosis, Evidence, Finding, Turn
from tl_core.diagnosis.verdicts import VERDICTS
from tl_core.intervals import Estimate
from tl_core.text import counted, percent

TITLES = {
    "epochs": "Epochs before",
    "trained_epochs": "Epochs of its own",
    "inherited_epochs": "Epochs that it inherited",
    "clean_loss": "Clean training loss at the end",
    "lowest_clean_loss": "Lowest clean training loss",
    "clean_jumps": "Jumps of the clean training loss from epoch to epoch",
    "chance_loss": "Loss of guessing",
    "reported_accuracy": "Reported training accuracy",
    "clean_accuracy": "Clean training accuracy",
    "predicted_classes": "Classes that are predicted",
    "present_classes": "Classes with five or more validation images",
    "val_accuracy": "Validation accuracy",
    "clean_falls": "Fall of the clean training loss in the last fifth",
    "val_falls": "Fall of the validation loss in the last fifth",
    "fall_kept": "Last third's fall of the clean loss, of the first third's",
    "turn": "Validation loss turned in epoch",
    "loss_cost": "Rise of the validation loss from its lowest to the end",
    "accuracy_cost": "Fall of the validation accuracy meanwhile",
    "clean_rise": "Rise of the clean training loss meanwhile",
    "right_labels": "Share of the training images with right labels",
    "memorised_images": "Training images learned late",
    "memorised_share": "Their share of the training images measured",
    "hump_distance": "Distance of the two humps of training losses, in their widths",
    "behind": "Validation accuracy minus clean training accuracy early on",
    "gap": "Clean training accuracy minus validation accuracy",
    "clean_change": "Change of the clean training loss in the second half",
    "twins": "Validation images with near-twins in training",
    "leaked": "Accuracy that they add",
    "images": "Validation images",
    "smallest_effect": "Smallest rise that these images would have shown",
    "lowest_loss": "Lowest validation loss",
}
"""Titles of the figures that findings rest on, by name."""

BEFORE = "Nothing can be said before the first epoch."
EARLY = "So far fewer than four epochs, which have no shape to judge by."
BEFORE_OWN = (
    "Nothing can be said before the first epoch of this fork; those that it inherited are diagnosed at its parent."
)
EARLY_OWN = "So far fewer than four epochs of a fork's own, which have no shape to judge by; those that it inherited are diagnosed at its parent."
NONE_HOLDS = "No verdict holds."
UNKNOWN = "No verdict holds, and nothing can be said about overfitting: the losses of single validation images are not known for every epoch."


def is_early(diagnosis: Diagnosis) -> bool:
    """Whether nothing can be said yet: more epochs may change that."""
    return not diagnosis.findings and diagnosis.epochs < FEWEST


def headline(diagnosis: Diagnosis) -> str:
    """A diagnosis in one sentence."""
    if diagnosis.main:
        return sentence(diagnosis.main)
    if not diagnosis.epochs:
        return BEFORE_OWN if diagnosis.inherited else BEFORE
    if diagnosis.epochs < FEWEST:
        return EARLY_OWN if diagnosis.inherited else EARLY
    return NONE_HOLDS if diagnosis.images else UNKNOWN


def sentence(finding: Finding) -> str:
    """A finding in one sentence, with its figures."""
    said = _SENTENCES.get(finding.verdict)
    return said(finding) if said else f"{VERDICTS[finding.verdict].title}."


def figure(evidence: Evidence) -> str:
    """The value of a figure with its interval: "0.123 (0.100 to 0.150)", "5.7 points (3.5 to 7.9)"."""
    value, one = _number(evidence), evidence.interval
    if one is None or one.low == one.high:
        return value
    ends = (_number(Evidence(evidence.name, end, evidence.format)) for end in (one.low, one.high))
    return f"{value} ({' to '.join(end.removesuffix(' points').removesuffix(' %') for end in ends)})"


def onset(turn: Turn) -> str:
    """When it turned: "epoch 9 (7 to 11)"."""
    return f"epoch {turn.epoch:,}" + ("" if turn.low == turn.high else f" ({turn.low:,} to {turn.high:,})")


def no_turn(diagnosis: Diagnosis) -> str:
    """What can be said about the onset where no turn can be seen; nothing of losses that are unknown, or too few for a curve."""
    if not diagnosis.images or diagnosis.epochs < FEWEST:
        return ""
    if diagnosis.images < FEWEST_IMAGES:
        return f"Fewer than {FEWEST_IMAGES} validation images cannot tell whether the validation loss turned."
    said = "No turn of the validation loss can be seen"
    if diagnosis.smallest_effect is not None:
        said += f"; a rise by {diagnosis.smallest_effect:.3f} would have shown with a probability of 80 %"
    return " ".join(filter(None, (f"{said}.", _lowest(diagnosis.lowest), _lead(diagnosis.lead))))


def _lowest(ends: tuple[int, int] | None) -> str:
    if ends is None:
        return ""
    low, high = ends
    place = f"in epoch {low:,}" if low == high else f"between epochs {low:,} and {high:,}"
    return f"The lowest expected loss lies {place}."


def _lead(lead: Estimate | None) -> str:
    if lead is None or lead.low <= 0:
        return ""
    shown = figure(Evidence.of("lead", lead, "number"))
    return (
        f"The network of that time has a lower loss than those at the end, by {shown}. But the loss jumps from epoch to epoch, and a low "
        "epoch among high ones is no turn."
    )


def points(estimate: Estimate) -> str:
    """A difference of accuracies with its interval: "+1.2 points (0.2 to 2.3)"."""
    low, high = (f"{100 * end:z.1f}" for end in (estimate.low, estimate.high))
    return f"{100 * estimate.value:+z.1f} points ({low} to {high})"


def _number(evidence: Evidence) -> str:
    value = evidence.value
    return {
        "number": f"{value:z.3f}",
        "percent": percent(value),
        "points": f"{100 * value:z.1f} points",
        "count": f"{value:,.0f}",
        "epoch": f"{value:,.0f}",
    }[evidence.format]


def _named(finding: Finding, name: str) -> str:
    found = next((one for one in finding.evidence if one.name == name), None)
    return figure(found) if found else "unknown"


def _changed(finding: Finding, name: str) -> str:
    """A fall of accuracy as a change: "-0.7 points (-3.8 to 2.3)"."""
    found = next((one for one in finding.evidence if one.name == name), None)
    return points(found.interval.negated) if found and found.interval else _named(finding, name)


def _overfitting(finding: Finding) -> str:
    return (
        f"Overfitting since epoch {_named(finding, 'turn')}: going on to the end raised the validation loss by {_named(finding, 'loss_cost')}"
        + (
            f" and cost {_named(finding, 'accuracy_cost')} of accuracy."
            if finding.value("accuracy_cost") is not None
            else "."
        )
    )


def _overconfident(finding: Finding) -> str:
    return (
        f"Overconfident since epoch {_named(finding, 'turn')}: the validation loss rose by {_named(finding, 'loss_cost')}, while the "
        f"accuracy changed by {_changed(finding, 'accuracy_cost')}."
    )


def _healthy(finding: Finding) -> str:
    return (
        f"No overfitting can be seen: a rise of the validation loss by {_named(finding, 'smallest_effect')} would have shown "
        "with a probability of 80 %."
    )


def _too_few(finding: Finding) -> str:
    images = counted(int(finding.value("images") or 0), "validation image")
    if finding.value("smallest_effect") is None:
        return f"{images} cannot tell whether the validation loss turned: it takes {FEWEST_IMAGES} or more."
    return (
        f"{images} cannot tell: the validation loss would have to rise by {_named(finding, 'smallest_effect')} over its lowest of "
        f"{_named(finding, 'lowest_loss')} to be seen."
    )


def _solved(finding: Finding) -> str:
    said = "Solved at once, so that there is no curve to judge by"
    if finding.value("gap") is None:
        return f"{said}, and the gap between training and validation is not known."
    return (
        f"{said}: {_named(finding, 'clean_accuracy')} of the training images and {_named(finding, 'val_accuracy')} of the validation images are "
        f"right, a gap of {_named(finding, 'gap')}."
    )


def _few_epochs(finding: Finding) -> str:
    epochs, forked = counted(int(finding.value("trained_epochs") or 0), "epoch"), finding.value("inherited_epochs")
    own, others = (" of its own", "; those that it inherited are diagnosed at its parent") if forked else ("", "")
    return f"It ended after {epochs}{own}: fewer than four have no shape to judge by{others}."


def _memorised_labels(finding: Finding) -> str:
    if finding.value("right_labels") is not None:
        return (
            f"Memorises wrong labels: {_named(finding, 'clean_accuracy')} of the training images are classified as labelled, although only "
            f"{_named(finding, 'right_labels')} of the labels are right."
        )
    return (
        f"Memorises labels that are probably wrong: {_named(finding, 'memorised_share')} of the training images contradicted what the network had "
        "learned, and were learned one by one later."
    )


_SENTENCES: dict[str, Callable[[Finding], str]] = {
    "diverged": lambda finding: "Diverged: the loss grew without bound.",
    "batch-statistics": lambda finding: (
        f"Learns in training ({_named(finding, 'reported_accuracy')} reported), but guesses in use ({_named(finding, 'clean_accuracy')} clean)."
    ),
    "dead-start": lambda finding: (
        f"Never started to learn: the clean training loss is {_named(finding, 'clean_loss')}, that of guessing {_named(finding, 'chance_loss')}."
    ),
    "class-collapse": lambda finding: (
        f"Only {_named(finding, 'predicted_classes')} of {_named(finding, 'present_classes')} classes are ever predicted."
    ),
    "overfitting": _overfitting,
    "overconfident": _overconfident,
    "large-gap": lambda finding: (
        f"Large gap: {_named(finding, 'clean_accuracy')} of the training images are right, but {_named(finding, 'val_accuracy')} of the validation "
        f"images: {_named(finding, 'gap')}."
    ),
    "memorised-labels": _memorised_labels,
    "rate-too-high": lambda finding: (
        f"The learning rate is too high: the clean training loss ends at {_named(finding, 'clean_loss')}, its lowest was "
        f"{_named(finding, 'lowest_clean_loss')}, and it jumps by {_named(finding, 'clean_jumps')} from epoch to epoch."
    ),
    "rate-too-low": lambda finding: (
        f"The learning rate is too low: the clean training loss still falls as fast as at the start, from {_named(finding, 'clean_loss')}."
    ),
    "not-finished": lambda finding: (
        f"Not finished: in the last fifth of the epochs the validation loss still fell by {_named(finding, 'val_falls')}."
    ),
    "underfitting": lambda finding: (
        f"Underfitting: even the training images are right in only {_named(finding, 'clean_accuracy')}, and the gap to validation is "
        f"{_named(finding, 'gap')}."
    ),
    "plateau": lambda finding: (
        f"Plateau: the second half of the epochs changed the clean training loss by only {_named(finding, 'clean_change')}."
    ),
    "too-few-images": _too_few,
    "solved": _solved,
    "few-epochs": _few_epochs,
    "healthy": _healthy,
}
