"""MobileNet and MobileNetV2 with fewer or more channels in every layer."""

from __future__ import annotations

from dataclasses import replace

from tl_core.backbones.row import Backbone, WeightsFile, application, download
from tl_core.backbones.rows import mobilenet, mobilenet_v1

SLIM = "github.com/tensorflow/models, research/slim/nets"
"""Where Google publishes the accuracy of each width."""


def _of_width(row: Backbone, alpha: float, accuracy: float, weights: WeightsFile) -> Backbone:
    assert row.application is not None
    return replace(
        row,
        name=f"{row.name}-{alpha}",
        title=f"{row.title} {alpha}",
        help=f"{row.title} with {alpha} times the channels of every layer.",
        application=application(row.application.function, alpha=alpha),
        imagenet_accuracy=accuracy,
        weights=weights,
        accuracy_source=SLIM,
    )


def _mobilenet(alpha: float, accuracy: float, megabytes: float) -> Backbone:
    text = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5"}[alpha]
    weights = download("mobilenet", f"mobilenet_{text}_224_tf_no_top.h5", "", megabytes)
    return _of_width(mobilenet_v1.ROWS[0], alpha, accuracy, weights)


def _mobilenet_v2(alpha: float, accuracy: float, megabytes: float) -> Backbone:
    file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_224_no_top.h5"
    return _of_width(mobilenet.ROWS[0], alpha, accuracy, download("mobilenet_v2", file, "", megabytes))


ROWS = (
    _mobilenet(0.25, 0.498, 1.1),
    _mobilenet(0.5, 0.633, 3.5),
    _mobilenet(0.75, 0.684, 7.5),
    _mobilenet_v2(0.35, 0.603, 2.0),
    _mobilenet_v2(0.5, 0.654, 3.2),
    _mobilenet_v2(0.75, 0.698, 5.9),
    _mobilenet_v2(1.3, 0.744, 15.5),
    _mobilenet_v2(1.4, 0.75, 17.8),
)
