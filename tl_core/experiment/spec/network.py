"""Settings of the network: the pretrained backbone, how deep it is frozen, and the head on top of it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tl_core.backbones import BACKBONES, weights
from tl_core.backbones.freezing import last_frozen, last_kept
from tl_core.backbones.table import ROWS
from tl_core.errors import unknown
from tl_core.experiment import solved
from tl_core.experiment.solved import SOLVED, SolvedClassifier
from tl_core.params import Located, Section, located, setting

TRAINED = ("auto", "softmax")
"""Classifiers that are trained in epochs."""


class BackboneSpec(Section):
    name: str = setting(
        "EfficientNetLite0",
        "The pretrained network that computes the features. One of your own, which the command add-network adds, is called own-NAME.",
        title="Backbone",
        choices=tuple(row.name for row in ROWS),  # Of the lab: what is in docs/settings.md depends on no models folder.
        basic=True,
    )
    weights: str = setting(
        "pretrained",
        "Source of the backbone's weights. pretrained: its ImageNet weights, bundled with the lab or downloaded (imagenet).",
        form="pretrained, bundled, imagenet, random or file:PATH",
    )
    freeze: str = setting(
        "all",
        "Which blocks are frozen: all, none, all but the top ones (all-but-2 trains the top two), or every block up to and "
        "including the one named.",
        title="Freeze depth",
        form="all, none, all-but-2 or a block's name",
        basic=True,
    )
    output: str = setting(
        "last",
        "The block whose output is the head's input. Early blocks detect edges and textures, late blocks whole objects. Several, "
        "such as block5+final or top-4 (the top four), join their pooled channels, which often generalises better; every block "
        "must be frozen then.",
        title="Features from",
        form="last, middle, top-4, a block's name, or several joined with +",
    )
    mirror: bool = setting(
        False,
        "Averages the features of each image with those of its mirror image, in training and in predictions (test-time "
        "augmentation by horizontal flip). Often more accurate on photos, and twice the time to compute; every block must be "
        "frozen. Not where left and right matter, as in digits and letters: a mirrored 3 is no 3.",
        title="With mirror image",
    )
    keep: str = setting(
        "all",
        "Blocks up to and including this one start from pretrained weights, those above from random ones, and always train. For "
        "images unlike photographs, such as X-rays: early blocks, which detect edges, still help there; late blocks may not.",
        title="Pretrained up to",
        form="all or a block's name",
    )

    @model_validator(mode="after")
    def _cuts_exist(self) -> Self:
        def check() -> None:
            row = BACKBONES[self.name]
            if not self.weights.startswith(
                "file:"
            ):  # Whether a file is there is the plan's question: a finished run must stay readable.
                weights.resolve(row, self.weights)
            last_frozen(row, self.freeze, self.output)
            last_kept(row, self.keep, self.output)

        located(check, inside="backbone.")
        return self


class HeadSpec(Section):
    classifier: str = setting(
        "auto",
        "The layer that maps features to classes. auto: softmax, or one sigmoid unit for two classes. All but auto and softmax have no "
        f"epochs: they are solved at once on the frozen features. {solved.HELP}",
        choices=(*TRAINED, *SOLVED.names),
    )
    projection_units: int = setting(
        4096,
        "Units of the fixed random layer of random-projection. More units separate more classes, and take longer to solve.",
        title="Units of the projection",
        low=16,
        high=16384,
        step=16,
    )
    pooling: Literal["avg", "max"] = setting(
        "avg", "How each channel of a feature map becomes one number: its average or its maximum over the image."
    )
    hidden: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = setting(
        (),
        "Units of each hidden layer between features and classifier. More units can learn, and memorise, more.",
        title="Hidden layers",
        form="up to three whole numbers of 1 to 4096, such as [128] or [256, 64]",
    )
    dropout: float = setting(
        0.2,
        "Share of the inputs of the classifier set to zero at random in each training step; also of hidden layers, unless set for "
        "them. Works against overfitting.",
        low=0.0,
        high=0.95,
        step=0.05,
        unit="of the units",
        basic=True,
    )
    hidden_dropout: tuple[Annotated[float, Field(ge=0, le=0.95)], ...] = setting(
        (),
        "Dropout rate before each hidden layer, one number per layer. Not set: the same as before the classifier.",
        title="Dropout of hidden layers",
        form="one number of 0 to 0.95 for each hidden layer, such as [0.1, 0.3]",
    )
    noise: float = setting(
        0.0,
        "Standard deviation of Gaussian noise added to the pooled features during training. Makes memorising harder.",
        title="Noise on features",
        low=0.0,
        high=5.0,
        step=0.05,
    )
    batch_norm: bool = setting(
        False,
        "Batch normalisation after pooling and after every hidden layer. Speeds up training; with small batches its statistics are "
        "noisy.",
        title="Batch normalisation",
    )
    l1: float = setting(
        0.0,
        "Penalty on the sum of the absolute weights of the head's layers; sets weights to exactly zero, the more the higher it is.",
        title="L1",
        low=0.0,
        high=1.0,
    )
    l2: float = setting(
        0.0,
        "Penalty on the sum of the squared weights of the head's layers; keeps weights small. Works against overfitting.",
        title="L2",
        low=0.0,
        high=1.0,
        basic=True,
    )
    bias_l1: float = setting(
        0.0, "Penalty on the sum of the absolute biases of the head's layers.", title="L1 on biases", low=0.0, high=1.0
    )
    bias_l2: float = setting(
        0.0, "Penalty on the sum of the squared biases of the head's layers.", title="L2 on biases", low=0.0, high=1.0
    )
    activity_l1: float = setting(
        0.0,
        "Penalty on the absolute outputs of the head's layers, averaged over the batch; drives most of them to nearly zero. Try it "
        "if hidden layers overfit: each image then activates few units.",
        title="L1 on activity",
        low=0.0,
        high=1.0,
    )
    activity_l2: float = setting(
        0.0,
        "Penalty on the squared outputs of the head's layers, averaged over the batch; makes predictions less confident.",
        title="L2 on activity",
        low=0.0,
        high=1.0,
    )

    @model_validator(mode="after")
    def _classifier_exists(self) -> Self:
        if self.classifier not in (known := (*TRAINED, *SOLVED.names)):
            problem = unknown("head.classifier", "classifier", self.classifier, known).problems[0]
            raise Located("classifier", problem.message, problem.remedy)
        return self

    @model_validator(mode="after")
    def _not_too_deep(self) -> Self:
        if len(self.hidden) > 3:
            raise Located("hidden", f"received {len(self.hidden)} hidden layers; allowed is 0 to 3")
        if len(self.hidden_dropout) not in (0, len(self.hidden)):
            received = f"received {len(self.hidden_dropout)} numbers for {len(self.hidden)} hidden layers"
            raise Located("hidden_dropout", received, "Write one number for each hidden layer, or none.")
        return self

    @property
    def solved(self) -> bool:
        """True if the classifier is solved at once, without epochs."""
        return self.classifier not in TRAINED

    @property
    def solver(self) -> SolvedClassifier | None:
        """The row of a classifier that is solved at once; None if it is trained."""
        return SOLVED[self.classifier] if self.solved else None

    @property
    def seeded(self) -> bool:
        """True if another seed gives another head."""
        return self.solver is None or self.solver.projects

    @property
    def margins(self) -> bool:
        """True if the outputs only rank the classes."""
        return self.solver is not None and self.solver.margins

    def units(self, classes: int) -> int:
        """Units of the classifier: one for each class, or a single one that tells two classes apart."""
        return 1 if classes == 2 and self.classifier == "auto" else classes
