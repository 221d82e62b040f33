"""What to try for each verdict: remedies as changes of settings that are possible for the run and have an effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from tl_core.diagnosis import changes
from tl_core.diagnosis.changes import Changes
from tl_core.diagnosis.types import Proposal, Where
from tl_core.diagnosis.verdicts import VERDICTS
from tl_core.errors import BadInput
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.spec.experiment import StartSpec
from tl_core.plan.inactive_settings import inactive_settings
from tl_core.plan.problems import spec_problems
from tl_core.plan.setting_warnings import spec_warnings
from tl_core.registry import Registry

MOST = 2
"""The most remedies proposed for a verdict."""


@dataclass(frozen=True)
class Remedy:
    """One row.

    Attributes:
        reason: Why it helps, as a sentence.
        source: Where that is shown.
        changes: Settings by path that it changes in an experiment; empty if it has nothing to change there.
        at: Whether it applies to a new run (of a fork, too: one that starts from the beginning; see `anew`), or to a fork from the best epoch;
            the changes of the latter are those that forks may make.
    """

    name: str
    title: str
    reason: str
    source: str
    changes: Callable[[Experiment], Changes] = field(repr=False)
    at: Where = "anew"


def proposals(verdict: str, spec: ExperimentSpec, most: int | None = MOST) -> tuple[Proposal, ...]:
    """The remedies of a verdict that a run with these settings can take, the best first; most: None for all of them."""
    found = (Proposal(name, made) for name in VERDICTS[verdict].remedies if (made := possible(name, spec)))
    return tuple(islice(found, most))


def anew(spec: ExperimentSpec) -> ExperimentSpec:
    """The experiment of a new run with the settings of a run: of a fork, without the run it continues from, which many settings are bound to."""
    return spec.with_values({"start": StartSpec().model_dump()}) if spec.start.run else spec


def possible(name: str, spec: ExperimentSpec) -> Changes | None:
    """The changes of a remedy to a spec; None if it cannot be applied, would raise a problem or warning, or has no effect.

    They are changes to `anew(spec)` for a remedy that starts anew.
    """
    spec = anew(spec) if REMEDIES[name].at == "anew" else spec
    experiment = resolve(spec)
    before = spec.flat()
    made = {path: value for path, value in REMEDIES[name].changes(experiment).items() if before[path] != value}
    if not made:
        return None
    try:
        new = resolve(spec.with_values(made))
    except BadInput:
        return None
    worse = (
        set(spec_problems(new)) - set(spec_problems(experiment)),
        set(spec_warnings(new)) - set(spec_warnings(experiment)),
    )
    inert = made.keys() & inactive_settings(new).keys()
    return None if any(worse) or inert or new.spec.digest() == spec.digest() else made


REMEDIES: Registry[Remedy] = Registry(
    "remedy",
    "remedy",
    (
        Remedy(
            "lower-rate",
            "A tenth of the learning rate",
            "Smaller steps do not overshoot.",
            "Smith 2017; docs/training.md",
            changes.lower_rate,
        ),
        Remedy(
            "higher-rate",
            "Ten times the learning rate",
            "Larger steps get further in the same number of epochs; a learning-rate range test shows how large they may be.",
            "Smith 2017",
            changes.higher_rate,
        ),
        Remedy(
            "lower-backbone-rate",
            "A tenth of the rate for thawed blocks",
            "Weights that move slowly leave batch normalisation time to follow.",
            "Keras guide on transfer learning and fine-tuning",
            changes.lower_backbone_rate,
        ),
        Remedy(
            "clip",
            "Clip gradients at a norm of 1",
            "One unusual batch can then no longer throw the weights far away.",
            "Pascanu, Mikolov and Bengio 2013",
            changes.clip,
        ),
        Remedy(
            "pretrained",
            "Pretrained weights",
            "Features that already tell images apart are a far better start than random ones.",
            "Yosinski et al. 2014; Kornblith, Shlens and Le 2019",
            changes.pretrained,
        ),
        Remedy(
            "no-head-norm",
            "No batch normalisation in the head",
            "Without it, training and use compute the same.",
            "Ioffe and Szegedy 2015",
            changes.no_head_norm,
        ),
        Remedy(
            "more-epochs",
            "Twice as many epochs",
            "Both losses still fall, or have not had the time to.",
            "Goodfellow, Bengio and Courville 2016, section 7.8",
            changes.more_epochs,
        ),
        Remedy(
            "ten-epochs",
            "Ten epochs",
            "Curves have a shape from four epochs on; ten also show where it leads.",
            "Prechelt 1998",
            changes.ten_epochs,
        ),
        Remedy(
            "fewer-epochs",
            "Half as many epochs",
            "The later ones changed nothing.",
            "Prechelt 1998",
            changes.fewer_epochs,
        ),
        Remedy(
            "balanced",
            "Balanced class weights",
            "Rare classes then count as much as common ones.",
            "He and Garcia 2009; King and Zeng 2001",
            changes.balanced,
        ),
        Remedy(
            "thaw",
            "Thaw the top two blocks",
            "Features can then adapt to these images; the head trains alone first, so that they are not destroyed.",
            "Yosinski et al. 2014; Kumar et al. 2022",
            changes.thaw,
        ),
        Remedy(
            "trained-head",
            "A softmax classifier trained in epochs",
            "One that is solved at once fits all it can; dropout, label smoothing and early stopping act on one that is trained.",
            "Goodfellow, Bengio and Courville 2016, chapter 7",
            changes.trained_head,
        ),
        Remedy(
            "hidden-layer",
            "A hidden layer of 256 units",
            "The head can then combine features.",
            "Goodfellow, Bengio and Courville 2016, section 6.4",
            changes.hidden_layer,
        ),
        Remedy(
            "fewer-units",
            "No hidden layer",
            "A linear head has fewer weights to memorise with, and on pretrained features often suffices.",
            "Kornblith, Shlens and Le 2019",
            changes.fewer_units,
        ),
        Remedy(
            "dropout",
            "Dropout 0.5",
            "No unit can rely on another one, which makes memorising harder.",
            "Srivastava et al. 2014",
            changes.dropout,
        ),
        Remedy(
            "less-dropout",
            "No dropout",
            "Regularisation costs capacity that is missing here.",
            "Srivastava et al. 2014",
            changes.less_dropout,
        ),
        Remedy(
            "l2",
            "Ten times the L2 penalty on the head",
            "Small weights mean smooth and less certain answers.",
            "Krogh and Hertz 1991",
            changes.l2,
        ),
        Remedy(
            "less-l2",
            "A tenth of the L2 penalty",
            "Regularisation costs capacity that is missing here.",
            "Krogh and Hertz 1991",
            changes.less_l2,
        ),
        Remedy(
            "augment",
            "Augment the training images",
            "Flipped, turned and zoomed images are as good as more images.",
            "Shorten and Khoshgoftaar 2019",
            changes.augment,
        ),
        Remedy(
            "freeze-more",
            "Thaw half as many blocks",
            "Fewer weights can bend towards single images.",
            "Yosinski et al. 2014",
            changes.freeze_more,
        ),
        Remedy(
            "stop-early",
            "Stop early",
            "Training ends when the validation loss no longer falls.",
            "Prechelt 1998",
            changes.stop_early,
        ),
        Remedy(
            "more-images",
            "All training images",
            "More images are the surest cure of overfitting; this run uses only some of those there are.",
            "Sun et al. 2017",
            changes.more_images,
        ),
        Remedy(
            "smoothing",
            "Label smoothing 0.1",
            "Training then no longer aims for certainty.",
            "Szegedy et al. 2016; Müller, Kornblith and Hinton 2019",
            changes.smoothing,
        ),
        Remedy(
            "cosine",
            "Cosine schedule",
            "A rate that falls to zero lets the weights settle.",
            "Loshchilov and Hutter 2017",
            changes.cosine,
        ),
        Remedy(
            "other-split",
            "Another split of the images",
            "If validation stays better than training on other images too, it is not chance: look for images that occur twice.",
            "Kapoor and Narayanan 2023",
            changes.other_split,
        ),
        Remedy(
            "more-validation",
            "Twice as many validation images",
            "Four times as many halve the smallest effect that can be seen.",
            "Cohen 1988",
            changes.more_validation,
        ),
        Remedy(
            "larger-images",
            "Images of the size that the backbone was trained at",
            "Small images hide what the features look for.",
            "Touvron et al. 2019",
            changes.larger_images,
        ),
        Remedy(
            "fork-regularised",
            "Go on from the best epoch with smaller steps and more L2",
            "What was learned until then is kept; what follows is held back.",
            "Prechelt 1998; Krogh and Hertz 1991",
            changes.fork_regularised,
            at="best epoch",
        ),
    ),
)
