"""NASNet."""

from __future__ import annotations

from tl_core.backbones.row import KERAS_APPLICATIONS, Backbone, WeightsFile, application, cuts
from tl_core.backbones.scaling import MINUS_ONE_TO_ONE

ROWS = (
    Backbone(
        name="NASNetMobile",
        title="NASNet Mobile",
        help="Found by a search over architectures. Each cell reads the two before it, so the network can be cut only below and above all of them.",
        citation="Zoph et al. (2017), Learning Transferable Architectures for Scalable Image Recognition, arXiv:1707.07012",
        licence="weights and code Apache-2.0",
        application=application("NASNetMobile"),
        scaling=MINUS_ONE_TO_ONE,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.744,
        cuts=cuts(stem="stem_bn1", cells="activation_187"),
        weights=WeightsFile(
            "imagenet",
            "nasnet_mobile_no_top.h5",
            f"{KERAS_APPLICATIONS}/nasnet/NASNet-mobile-no-top.h5",
            "1ed92395b5b598bdda52abe5c0dbfd63",
            20.0,
        ),
    ),
)
