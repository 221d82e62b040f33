"""Estimated speeds of networks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tl_core.backbones import BACKBONES, BackboneFacts, facts
from tl_core.plan.throughput import rates, rates_here
from tl_core.store.speeds import Speed


def test_a_small_network_gains_less_speed_than_it_saves_multiply_adds() -> None:
    """Its values still go through memory: a quarter of the channels has a quarter of these, and a fourteenth of the multiply-adds."""
    whole, narrow = facts("MobileNet"), facts("MobileNet-0.25")
    saved = whole.macs_at(224) / narrow.macs_at(224)
    for wide_rate, narrow_rate in zip(rates(whole, 224), rates(narrow, 224), strict=True):
        assert 1 < narrow_rate / wide_rate < 0.8 * saved


def test_larger_images_take_longer() -> None:
    small, large = rates(facts("ResNet50"), 224), rates(facts("ResNet50"), 448)
    assert small == pytest.approx((4 * large[0], 4 * large[1]), rel=0.05)


def test_estimates_are_in_proportion_to_what_was_measured() -> None:
    guessed = rates_here({})
    assert guessed.keys() == set(BACKBONES.names)
    frozen, thawed = guessed["VGG16"]
    half = rates_here(
        {"VGG16": Speed(224, frozen / 2, thawed / 3, "2026-11-30"), "gone": Speed(224, 1, 1, "2026-11-30")}
    )
    assert half["VGG16"] == pytest.approx((frozen / 2, thawed / 3))
    assert half["ResNet50"] == pytest.approx((guessed["ResNet50"][0] / 2, guessed["ResNet50"][1] / 3))


def test_a_network_without_anything_that_is_counted_has_a_speed() -> None:
    blocks = tuple(replace(block, values_per_pixel=0.0, macs={224: 0}) for block in facts("VGG16").blocks)
    assert all(0 < rate < 1e9 for rate in rates(BackboneFacts("own", blocks), 224))
