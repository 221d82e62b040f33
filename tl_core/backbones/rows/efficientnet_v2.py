"""EfficientNetV2."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, application, cuts, download
from tl_core.backbones.scaling import BY_128, TORCH

ROWS = (
    Backbone(
        name="EfficientNetV2B0",
        title="EfficientNetV2-B0",
        help="EfficientNet-B0 with plain convolutions in its early blocks, which train faster. Thawed blocks leave out whole branches at "
        "random (stochastic depth), as Keras trains it.",
        citation="Tan and Le (2021), EfficientNetV2: Smaller Models and Faster Training, arXiv:2104.00298",
        licence="weights and code Apache-2.0",
        application=application("EfficientNetV2B0", include_preprocessing=False),
        scaling=TORCH,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.787,
        cuts=cuts(
            stem="stem_activation",
            block1="block1a_project_activation",
            block2="block2b_add",
            block3="block3b_add",
            block4="block4c_add",
            block5="block5e_add",
            block6d="block6d_add",
            block6h="block6h_add",
            final="top_activation",
        ),
        weights=download("efficientnet_v2", "efficientnetv2-b0_notop.h5", "893217f2bb855e2983157299931e43ff", 24.3),
    ),
    Backbone(
        name="EfficientNetV2S",
        title="EfficientNetV2-S",
        help="The most accurate network of the table, trained at up to 384 pixels. Thawed blocks leave out whole branches at random "
        "(stochastic depth), as Keras trains it.",
        citation="Tan and Le (2021), EfficientNetV2: Smaller Models and Faster Training, arXiv:2104.00298",
        licence="weights and code Apache-2.0",
        application=application("EfficientNetV2S", include_preprocessing=False),
        scaling=BY_128,
        native_size=384,
        minimum_size=32,
        imagenet_accuracy=0.839,
        cuts=cuts(
            stem="stem_activation",
            block1="block1b_add",
            block2="block2d_add",
            block3="block3d_add",
            block4="block4f_add",
            block5="block5i_add",
            block6e="block6e_add",
            block6j="block6j_add",
            block6o="block6o_add",
            final="top_activation",
        ),
        weights=download("efficientnet_v2", "efficientnetv2-s_notop.h5", "af0682fb74e8c54910f2d4393339c070", 82.4),
    ),
)
