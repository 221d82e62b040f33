"""From what was measured to a position among the quadrants, and from that to recipes."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from tests.advice.measured import CUTS, estimate, head, measured
from tests.each import for_each
from tl_core.advice import MUCH, QUADRANTS, RECIPES, Quadrant, advise, position, wording
from tl_core.backbones import BACKBONES, Backbone
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan.problems import spec_problems
from tl_core.records import from_json
from tl_core.results.advice import BackboneScore, Measured

SPEC = ExperimentSpec()
FEW, MANY = MUCH[0] // 2, MUCH[1] * 2


def test_a_measurement_is_read_as_it_was_written() -> None:
    found = measured()
    assert from_json(Measured, json.loads(json.dumps(asdict(found)))) == found


@for_each("row", QUADRANTS, lambda row: row.name)
def test_data_in_the_middle_of_a_quadrant_get_its_recipes_alone(row: Quadrant) -> None:
    sign = 1 if row.similar else -1
    found = measured(0.5 * sign, above=float(row.similar), images=MANY if row.much else FEW)
    advice = advise(SPEC, found)
    assert advice.position.shares[row.name] == 1
    recipes = {option.recipe: option for option in advice.options}
    assert set(row.recipes) <= set(recipes)
    assert set(recipes) - set(row.recipes) <= {"joined", "linear-top", "linear-earlier"}, "those that were measured"
    assert all(row.said in " ".join(recipes[name].reasons) for name in row.recipes)


def test_the_joined_top_blocks_come_first_unless_another_head_is_better_by_more_than_chance() -> None:
    like, heads = measured(0.5), measured(-0.5).heads
    advice = advise(SPEC, like)
    assert [option.recipe for option in advice.options] == ["joined", "linear-top", "linear-earlier"]
    assert advice.first.spec == PRESETS["solved-at-once"].spec() and not advice.first.changes
    assert "No other head that was measured is better by more than chance" in " ".join(advice.first.reasons)
    earlier = advise(SPEC, replace(like, heads=heads))
    assert [option.recipe for option in earlier.options] == ["linear-earlier", "joined", "linear-top"]
    assert earlier.first.changes == {"backbone.output": "block6", "head.classifier": "random-projection"}
    assert "0.60 (0.55 to 0.65)" in " ".join(earlier.first.reasons)
    assert "0.12 less (0.07 to 0.17)" in " ".join(earlier.first.reasons)
    assert "No other head" not in " ".join(earlier.options[1].reasons)


def test_a_better_head_on_joined_blocks_replaces_that_of_the_preset() -> None:
    found = measured(0.5)
    better = head(CUTS[-1], "random-projection", 0.6, joined=CUTS[-4:], mirror=True)
    first = advise(SPEC, replace(found, heads=(found.heads[0], better, *found.heads[2:]))).first
    assert (first.recipe, first.changes) == ("joined", {"head.classifier": "random-projection"})
    every = head(CUTS[-1], "ridge", 0.5, joined=CUTS, mirror=True)
    first = advise(SPEC, replace(found, heads=(*found.heads, every))).first
    assert (first.recipe, first.changes) == ("joined", {"backbone.output": f"top-{len(CUTS)}"})


def test_of_the_heads_on_a_block_one_that_is_surely_better_comes_before_one_with_a_lower_loss() -> None:
    found = measured(0.5)
    sure = head("block6", "ridge", 0.6)
    lower = head("block6", "random-projection", 0.55, difference=estimate(-0.17, 0.3))
    first = advise(SPEC, replace(found, heads=(*found.heads[:4], sure, lower))).first
    assert (first.recipe, first.changes["head.classifier"]) == ("linear-earlier", "ridge")


def test_a_measurement_of_an_earlier_version_is_advised_from_by_the_lowest_loss() -> None:
    alone = tuple(replace(one, difference=None) for one in measured(0.5).heads if not one.joined)
    advice = advise(SPEC, replace(measured(0.5), heads=alone))
    assert [option.recipe for option in advice.options] == ["linear-top", "linear-earlier"]


def test_where_it_is_not_clear_every_quadrant_that_is_possible_is_heard_and_their_shares_sum_to_one() -> None:
    between = round((MUCH[0] * MUCH[1]) ** 0.5)
    where = position(measured(0.02, above=0.6, images=between))
    assert sum(where.shares.values()) == pytest.approx(1)
    assert where.much == pytest.approx(0.5, abs=0.02)
    assert where.quadrants[0].similar
    assert {row.name for row in where.quadrants} == set(QUADRANTS.names)
    advice = advise(SPEC, measured(0.02, above=0.6, images=between))
    assert {option.recipe for option in advice.options} == set(RECIPES.names)


def test_the_share_of_many_grows_with_the_images_from_none_to_all() -> None:
    shares = [position(measured(images=images)).much for images in (1, *MUCH, 10**6)]
    assert shares == [0, 0, 1, 1]
    assert position(measured(images=MUCH[0] + 50)).much > 0


@for_each("row", BACKBONES, lambda row: row.name)
def test_every_recipe_is_an_experiment_without_problems_for_every_backbone(row: Backbone) -> None:
    cuts, found = row.cut_names, measured(0.02, above=0.6, images=round((MUCH[0] * MUCH[1]) ** 0.5))
    found = replace(
        found,
        backbone=row.name,
        blocks=tuple(replace(found.blocks[0], cut=cut) for cut in cuts),
        heads=tuple(
            replace(head, cut=cuts[-1 if head.cut == CUTS[-1] else -min(3, len(cuts))]) for head in found.heads
        ),
        likeness=replace(found.likeness, earlier=cuts[-min(4, len(cuts))], top=cuts[-1]),
    )
    options = advise(SPEC.with_values({"backbone.name": row.name, "data.image_size": 96}), found).options
    assert {option.recipe for option in options} == set(RECIPES.names)
    for option in options:
        assert list(spec_problems(resolve(option.spec))) == [], option.recipe


def test_an_option_keeps_the_data_the_backbone_and_the_seed_that_were_asked_about() -> None:
    asked = SPEC.with_values(
        {"data.source": "digits", "data.images_per_class": 9, "train.seed": 4, "backbone.name": "MobileNetV2"}
    )
    first = advise(asked, measured()).first
    kept = first.spec
    assert (kept.data, kept.train.seed, kept.backbone.name) == (asked.data, 4, "MobileNetV2")
    assert first.seconds > 0


def test_images_like_imagenet_get_the_top_blocks_and_others_the_stage_with_the_lowest_loss() -> None:
    assert advise(SPEC, measured(0.5)).first.spec.backbone.output == "top-4"
    assert advise(SPEC, measured(-0.5, above=0.0)).first.spec.backbone.output == "block6"


def test_the_sentences_say_which_stage_is_better_and_by_how_much() -> None:
    assert "the top makes 40 % fewer errors than the best earlier stage (30 to 50 %)" in wording.likeness_sentence(
        measured(0.4)
    )
    unlike = wording.likeness_sentence(measured(-0.4, above=0.0))
    assert "the best earlier stage makes 40 % fewer errors than the top (30 to 50 %)" in unlike
    assert unlike.startswith("The images are unlike ImageNet")
    assert "is open" in wording.likeness_sentence(measured(0.02))
    assert wording.size_sentence(measured(images=FEW)).endswith("few.")
    assert "clearly" in advise(SPEC, measured(0.5)).sure


def test_a_backbone_is_advised_by_its_score_beside_its_accuracy_on_imagenet() -> None:
    alone = measured().backbones
    assert "Only the weights of EfficientNetLite0 are here" in wording.backbones_sentence(alone)
    better = BackboneScore("VGG16", 96, 0.1, estimate(0.8))
    assert "VGG16 has the highest LogME, while EfficientNetLite0" in wording.backbones_sentence((alone[0], better))
    assert CUTS[-1] == "final"


def test_a_network_of_your_own_is_advised_without_a_published_accuracy_also_once_it_is_gone() -> None:
    (alone,) = measured().backbones[:1]
    yours = BackboneScore("own-gone", 96, 9.0, estimate(0.8))
    assert "own-gone has the highest LogME, while EfficientNetLite0" in wording.backbones_sentence((alone, yours))
    other = BackboneScore("own-other", 96, 0.1, estimate(0.8))
    assert wording.backbones_sentence((yours, other)).endswith("own-gone has the highest LogME.")
