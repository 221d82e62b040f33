"""ConvNeXt."""

from __future__ import annotations

from tl_core.backbones.row import Backbone, application, cuts, download
from tl_core.backbones.scaling import TORCH

ROWS = (
    Backbone(
        name="ConvNeXtTiny",
        title="ConvNeXt-Tiny",
        help="A ResNet rebuilt with what vision transformers brought: large filters, few activations, layer normalisation.",
        citation="Liu et al. (2022), A ConvNet for the 2020s, arXiv:2201.03545",
        licence="weights MIT, code Apache-2.0",
        application=application("ConvNeXtTiny", nested=True, include_preprocessing=False),
        scaling=TORCH,
        native_size=224,
        minimum_size=32,
        imagenet_accuracy=0.813,
        cuts=cuts(
            stem="convnext_tiny_stem_layernorm",
            stage1="convnext_tiny_stage_0_block_2_add",
            stage2="convnext_tiny_stage_1_block_2_add",
            stage3_block3="convnext_tiny_stage_2_block_2_add",
            stage3_block6="convnext_tiny_stage_2_block_5_add",
            stage3_block9="convnext_tiny_stage_2_block_8_add",
            stage4_block1="convnext_tiny_stage_3_block_0_add",
            stage4_block2="convnext_tiny_stage_3_block_1_add",
            stage4_block3="layer_normalization",
        ),
        weights=download(
            "convnext",
            "convnext_tiny_notop.h5",
            "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
            111.7,
        ),
    ),
)
