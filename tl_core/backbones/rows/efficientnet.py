"""EfficientNet B0 to B4."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, Cut, application, download
from tl_core.backbones.scaling import TORCH


def _efficientnet(
    letter: str, size: int, blocks: str, help: str, accuracy: float, checksum: str, megabytes: float
) -> Backbone:
    """A row.

    Args:
        blocks: The letter of the last block of each stage.
    """
    name = f"EfficientNet{letter}"
    ends = [
        Cut(f"block{stage}", f"block{stage}{last}_{'project_bn' if last == 'a' else 'add'}")
        for stage, last in enumerate(blocks, 1)
    ]
    return Backbone(
        name=name,
        title=f"EfficientNet-{letter}",
        help=f"{help} Thawed blocks leave out whole branches at random (stochastic depth), as Keras trains it.",
        citation="Tan and Le (2019), EfficientNet: Rethinking Model Scaling, arXiv:1905.11946",
        licence="weights and code Apache-2.0",
        application=application(name, scaled_by="normalization"),
        scaling=TORCH,
        native_size=size,
        minimum_size=32,
        imagenet_accuracy=accuracy,
        cuts=(Cut("stem", "stem_activation"), *ends, Cut("final", "top_activation")),
        weights=download(
            "", f"{name.lower()}_notop.h5", checksum, megabytes, "https://storage.googleapis.com/keras-applications"
        ),
    )


ROWS = (
    _efficientnet(
        "B0",
        224,
        "abbccda",
        "Blocks that weigh their channels; accurate for its size.",
        0.771,
        "50bc09e76180e00e4465e1a485ddc09d",
        16.7,
    ),
    _efficientnet(
        "B1",
        240,
        "bccddeb",
        "B0 with more blocks, at 240 pixels.",
        0.791,
        "74c4e6b3e1f6a1eea24c589628592432",
        27.0,
    ),
    _efficientnet(
        "B2",
        260,
        "bccddeb",
        "B1 with a tenth more channels, at 260 pixels.",
        0.801,
        "111f8e2ac8aa800a7a99e3239f7bfb39",
        31.8,
    ),
    _efficientnet(
        "B3",
        300,
        "bcceefb",
        "Deeper and wider than B2, at 300 pixels.",
        0.816,
        "af6d107764bb5b1abb91932881670226",
        43.9,
    ),
    _efficientnet(
        "B4",
        380,
        "bddffhb",
        "Deeper and wider than B3, at 380 pixels: ten times the computation of B0.",
        0.829,
        "ebc24e6d6c33eaebbd558eafbeedf1ba",
        71.7,
    ),
)
