"""Settings of the network: the pretrained backbone, how deep it is frozen, and the head on top of it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tl_core.backbones import BACKBONES, weights
from tl_core.backbones.freezing import last_frozen, last_kept
from tl_core.params import Located, Section, located, setting


class BackboneSpec(Section):
    name: str = setting(
        "EfficientNetLite0",
        "The pretrained network whose layers are used.",
        title="Backbone",
        choices=BACKBONES.names,
        basic=True,
    )
    weights: str = setting(
        "pretrained",
        "Where its weights come from. pretrained: as the backbone has them, bundled with the lab or downloaded (imagenet).",
        form="pretrained, bundled, imagenet, random or file:PATH",
    )
    freeze: str = setting(
        "all",
        "How much of the backbone keeps its weights. all-but-2: the top two blocks train. A block's name: frozen up to and with it.",
        title="Freeze depth",
        form="all, none, all-but-2 or a block's name",
        basic=True,
    )
    output: str = setting(
        "last",
        "The block whose output feeds the head. Early blocks see edges and textures, late ones whole objects.",
        title="Features from",
        form="last, middle or a block's name",
    )

    keep: str = setting(
        "all",
        "How much of the backbone starts from its pretrained weights: up to and with a block; those above begin with random ones. "
        "Try it for images unlike photographs, such as X-rays: early blocks, which see edges, still help; late ones look for the wrong things.",
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
    classifier: Literal["auto", "softmax", "logistic-regression", "linear-svm"] = setting(
        "auto",
        "What turns features into classes. auto: a softmax layer, or one sigmoid unit for two classes. "
        "logistic-regression and linear-svm go through no epochs: scikit-learn computes the best weights for the frozen features in one step. "
        "A linear SVM looks for the borders that keep the classes furthest apart; it needs L2 above 0, and gives scores, no percentages.",
    )
    pooling: Literal["avg", "max"] = setting(
        "avg", "How a feature map becomes one number a channel: its average or its maximum over the image."
    )
    hidden: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = setting(
        (),
        "Units of each hidden layer between features and classifier. More units can learn more, and memorise more.",
        title="Hidden layers",
        form="up to three whole numbers of 1 to 4096, such as [128] or [256, 64]",
    )
    dropout: float = setting(
        0.2,
        "Share of the features that are switched off at random in each training step, before every layer of the head. Works against overfitting.",
        low=0.0,
        high=0.95,
        step=0.05,
        unit="of the units",
        basic=True,
    )
    hidden_dropout: tuple[Annotated[float, Field(ge=0, le=0.95)], ...] = setting(
        (),
        "The share that is switched off before each hidden layer, one number a layer. Not set: the same as before the classifier.",
        title="Dropout of hidden layers",
        form="one number of 0 to 0.95 for each hidden layer, such as [0.1, 0.3]",
    )
    noise: float = setting(
        0.0,
        "Standard deviation of the Gaussian noise added to the features in training, once they are pooled. Blurs what could be learned by heart.",
        title="Noise on features",
        low=0.0,
        high=5.0,
        step=0.05,
    )
    batch_norm: bool = setting(
        False,
        "Batch normalisation after the pooled features and after every hidden layer. Learns faster; with small batches its statistics are noisy.",
        title="Batch normalisation",
    )
    l1: float = setting(
        0.0,
        "Penalty on the sum of the absolute weights of the head's layers; drives weights to exactly zero.",
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
        "Penalty on the absolute outputs of the head's layers, averaged over a batch; makes most of them nearly zero. Try it where hidden layers "
        "overfit: each image then has to do with few of their units.",
        title="L1 on activity",
        low=0.0,
        high=1.0,
    )
    activity_l2: float = setting(
        0.0,
        "Penalty on the squared outputs of the head's layers, averaged over a batch; keeps the network from being too sure.",
        title="L2 on activity",
        low=0.0,
        high=1.0,
    )

    @model_validator(mode="after")
    def _not_too_deep(self) -> Self:
        if len(self.hidden) > 3:
            raise Located("hidden", f"received {len(self.hidden)} hidden layers; allowed is 0 to 3")
        if len(self.hidden_dropout) not in (0, len(self.hidden)):
            received = f"received {len(self.hidden_dropout)} numbers for {len(self.hidden)} hidden layers"
            raise Located("hidden_dropout", received, "Write one number for each hidden layer, or none.")
        return self
