"""The table of verdicts, the gravest first: the first that holds makes the headline. docs/diagnosis.md has their formulas and error rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tl_core.diagnosis import rules
from tl_core.diagnosis.observed import Observed
from tl_core.diagnosis.types import Evidence, Tone
from tl_core.registry import Registry


@dataclass(frozen=True)
class Verdict:
    """One row.

    Attributes:
        rule: When it holds, in words.
        help: What it means.
        source: Where the rule comes from.
        remedies: Names of `REMEDIES`, the best first; those that are possible and have an effect are proposed, two at most.
        holds: The figures of the finding; None if it does not hold.
    """

    name: str
    title: str
    tone: Tone
    rule: str
    help: str
    source: str
    remedies: tuple[str, ...]
    holds: Callable[[Observed], tuple[Evidence, ...] | None] = field(repr=False)


VERDICTS: Registry[Verdict] = Registry(
    "verdict",
    "verdict",
    (
        Verdict(
            "diverged",
            "Diverged",
            "fault",
            "A loss was NaN or infinite; or the clean training loss ends above three times that of guessing and twice its lowest, with accuracy "
            "at chance.",
            "The weights grew without bound: the steps were too large.",
            "Goodfellow, Bengio and Courville 2016, Deep Learning, section 8.2.4",
            ("lower-rate", "clip", "pretrained"),
            rules.diverged,
        ),
        Verdict(
            "batch-statistics",
            "Learns in training, guesses in use",
            "fault",
            "Reported training accuracy is above clean training accuracy by more than 25 points, and the latter at chance (below 1.5 times the "
            "share of one class).",
            "The network classifies with the statistics of the batch it trains on, but not with those that batch normalisation keeps for "
            "use: these have not caught up with the weights.",
            "Ioffe and Szegedy 2015, Batch Normalization; Keras guide on transfer learning",
            ("more-epochs", "lower-backbone-rate", "no-head-norm", "pretrained"),
            rules.chance_in_inference,
        ),
        Verdict(
            "dead-start",
            "Never started to learn",
            "fault",
            "At the end the clean training loss is not 5 % below that of guessing (nor above three times it), and clean training accuracy is "
            "less than 10 points above that of guessing, and the last third of the epochs lowered the loss by less than 2 % of that of guessing "
            "(all epochs by less than 1 %, if the rate is too low).",
            "The network answers as if it had seen no image: steps too small to move, or units that are always off.",
            "Karpathy 2019, A Recipe for Training Neural Networks",
            ("higher-rate", "pretrained", "less-l2", "lower-rate"),
            rules.dead_start,
        ),
        Verdict(
            "class-collapse",
            "Some classes are never predicted",
            "fault",
            "It did start to learn, but in the last of four or more epochs (a fifth, five at most; where it is solved at once: in its only one) some "
            "classes with five or more validation images are never predicted.",
            "The network gave these classes up, often because they are rare or the steps were too large.",
            "He and Garcia 2009, Learning from Imbalanced Data",
            ("balanced", "lower-rate", "thaw", "more-epochs"),
            rules.class_collapse,
        ),
        Verdict(
            "leaking",
            "Validation is too good",
            "fault",
            "Validation images with near-twins among the training images were found; or validation accuracy is above clean training accuracy by "
            "more than 2 points and by more than chance (99.7 %), without planted label noise.",
            "The validation images are easier than, or the same as, those trained on: the figures promise too much.",
            "Kapoor and Narayanan 2023, Leakage and the reproducibility crisis; Barz and Denzler 2020 (ciFAIR)",
            ("other-split", "more-validation"),
            rules.leaking,
        ),
        Verdict(
            "memorised-labels",
            "Memorises wrong labels",
            "warning",
            "With planted label noise: clean training accuracy is above the share of right labels (95 %). Without: from the epoch in which "
            "validation accuracy reaches 90 % of its highest to the end, 5 % more of the training images became right; "
            "and either the training losses at the lowest validation loss form two humps, the upper one of images whose label is improbable, or "
            "early on clean training accuracy was below validation accuracy by more than 2 points and by more than chance (99.7 %).",
            "Some training images contradict what all others show, and the network learned them one by one.",
            "Arpit et al. 2017, A Closer Look at Memorization; Arazo et al. 2019, Unsupervised Label Noise Modeling; Ashman, Bird and Zepf 1994",
            ("stop-early", "l2", "smoothing", "fewer-units", "freeze-more", "trained-head", "fork-regularised"),
            rules.memorised_labels,
        ),
        Verdict(
            "overfitting",
            "Overfitting",
            "warning",
            "The expected validation loss rose from its lowest to the end (cross-fitted over halves of the images, one-sided 5 %; at least 5 % of "
            "the lowest loss), the clean training loss did not rise by more than half as much, and accuracy fell or may have fallen by a point.",
            "The network goes on learning its training images at the expense of others.",
            "Prechelt 1998, Early stopping - but when?; Chernozhukov et al. 2018 (cross-fitting)",
            ("freeze-more", "dropout", "l2", "stop-early", "augment", "fewer-units", "more-images", "fork-regularised"),
            rules.overfitting,
        ),
        Verdict(
            "overconfident",
            "Overconfident",
            "warning",
            "As overfitting, but the accuracy did not fall: its loss is below one point, and its interval contains 0.",
            "The same images are right, but wrong answers become ever more certain: probabilities are not to be trusted.",
            "Guo et al. 2017, On Calibration of Modern Neural Networks; Müller et al. 2019, When does label smoothing help?",
            ("smoothing", "stop-early", "l2", "dropout", "fork-regularised"),
            rules.overconfident,
        ),
        Verdict(
            "large-gap",
            "Large gap",
            "warning",
            "The validation loss did not turn, but at the end clean training accuracy is above validation accuracy by more than 10 points, "
            "with the whole of its 95 % interval.",
            "Much of what it learned holds for its training images only: images or regularisation are missing.",
            "Goodfellow, Bengio and Courville 2016, Deep Learning, section 5.2; Newcombe 1998",
            ("more-images", "augment", "freeze-more", "dropout", "l2", "fewer-units", "trained-head"),
            rules.large_gap,
        ),
        Verdict(
            "rate-too-high",
            "Learning rate too high",
            "warning",
            "The clean training loss ends above its lowest by half and by at least 0.1; or above that of guessing although accuracy is above "
            "chance; or it rose with the validation loss, by more than half as much; or it jumps from epoch to epoch by 15 % of its level and "
            "by 0.05.",
            "The steps overshoot: the loss of the very images that are trained on rises or jumps.",
            "Smith 2017, Cyclical Learning Rates; Bengio 2012, Practical recommendations",
            ("lower-rate", "cosine", "clip"),
            rules.rate_too_high,
        ),
        Verdict(
            "rate-too-low",
            "Learning rate too low",
            "warning",
            "No turn; the last third of the epochs lowered the clean training loss by more than half as much as the first third, both by more than "
            "four times its jumps; validation loss falls too; and the clean loss is still above 30 % of that of guessing.",
            "The curve is still a straight line down: larger steps would get there sooner.",
            "Smith 2017, Cyclical Learning Rates; Bengio 2012, Practical recommendations",
            ("higher-rate", "more-epochs"),
            rules.rate_too_low,
        ),
        Verdict(
            "not-finished",
            "Not finished",
            "note",
            "No turn, and no rate that is too high; clean training loss and validation loss both fell by more than 2 % from the last fifth but one "
            "of the epochs to the last, and the former is still above 1 % of that of guessing.",
            "Both still improve: more epochs would help.",
            "Goodfellow, Bengio and Courville 2016, Deep Learning, section 7.8",
            ("more-epochs", "higher-rate"),
            rules.not_finished,
        ),
        Verdict(
            "underfitting",
            "Underfitting",
            "note",
            "Finished; clean training accuracy is below 90 % (less planted label noise), and what is missing is more than twice the gap to "
            "validation.",
            "The network cannot even learn its training images: it lacks capacity or freedom, not images.",
            "Ng 2018, Machine Learning Yearning, chapters 20 to 24",
            ("thaw", "hidden-layer", "less-dropout", "less-l2", "larger-images"),
            rules.underfitting,
        ),
        Verdict(
            "too-few-images",
            "Too few validation images to say",
            "note",
            "There are fewer than 20; or no turn can be seen, and the smallest rise that these images would have shown with a probability of 80 % "
            "is above a quarter of the lowest loss.",
            "Overfitting may or may not be there.",
            "Cohen 1988, Statistical Power Analysis",
            ("more-validation",),
            rules.too_few_images,
        ),
        Verdict(
            "solved",
            "Solved at once",
            "note",
            "The classifier is one that is solved at once, without epochs, and no verdict above that rests on accuracies holds.",
            "There is no curve that could turn. How much it overfits is its gap; that validation accuracy promises the right thing shows on test "
            "images, where some were set aside: the two accuracies should agree.",
            "Newcombe 1998 (the interval of the gap); Hastie, Tibshirani and Friedman 2009, chapter 7",
            ("thaw", "trained-head"),
            rules.solved_at_once,
        ),
        Verdict(
            "few-epochs",
            "Too few epochs to say",
            "note",
            "It no longer trains and has fewer than four epochs (a fork: of its own), although its classifier is trained in epochs.",
            "So few points have no shape: whether it would overfit, and whether the learning rate suits, cannot be told.",
            "Prechelt 1998, Early stopping - but when?, where curves are judged by strips of five epochs",
            ("ten-epochs",),
            rules.few_epochs,
        ),
        Verdict(
            "healthy",
            "No overfitting can be seen",
            "good",
            "No turn of the validation loss can be seen, and no fault above holds.",
            "If there is a rise of the validation loss, it is smaller than what these images would have shown.",
            "The power of the test for a turn: Cohen 1988, Statistical Power Analysis",
            ("thaw", "hidden-layer", "more-epochs"),
            rules.healthy,
        ),
        Verdict(
            "plateau",
            "Plateau",
            "note",
            "Over the second half of ten or more epochs the clean training loss changed by less than 1 %, and is not close to 0.",
            "The later epochs changed nothing.",
            "Bengio 2012, Practical recommendations for gradient-based training",
            ("cosine", "fewer-epochs", "thaw"),
            rules.plateau,
        ),
    ),
)
