"""What people write of freezing, on every backbone."""

from __future__ import annotations

import pytest

from tl_core.backbones import BACKBONES, Backbone
from tl_core.backbones.freezing import last_frozen, output_cuts, thawed_cuts, used_cuts
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec

every_row = pytest.mark.parametrize("backbone", BACKBONES, ids=BACKBONES.names)


@every_row
def test_the_words_mean_the_same_on_every_backbone(backbone: Backbone) -> None:
    names = backbone.cut_names
    assert last_frozen(backbone, "all") == names[-1]
    assert last_frozen(backbone, "none") is None
    assert last_frozen(backbone, "all-but-0") == names[-1]
    assert last_frozen(backbone, "all-but-1") == names[-2]
    assert last_frozen(backbone, f"all-but-{len(names)}") is None


@every_row
def test_a_block_of_every_name_can_be_the_last_frozen_and_the_output(backbone: Backbone) -> None:
    for place, name in enumerate(backbone.cut_names):
        assert last_frozen(backbone, name) == name
        assert thawed_cuts(backbone, name) == backbone.cut_names[place + 1 :]
        assert used_cuts(backbone, name) == backbone.cut_names[: place + 1]


@every_row
def test_what_is_frozen_and_what_trains_are_together_what_is_used(backbone: Backbone) -> None:
    for output in ("last", "middle", backbone.cut_names[-2]):
        used = used_cuts(backbone, output)
        for freeze in ("all", "none", "all-but-1", used[0]):
            frozen = last_frozen(backbone, freeze, output)
            below = used[: used.index(frozen) + 1] if frozen else ()
            assert (*below, *thawed_cuts(backbone, freeze, output)) == used


@every_row
def test_several_outputs_are_named_in_any_order_and_the_last_one_ends_the_network(backbone: Backbone) -> None:
    low, high = backbone.cut_names[0], backbone.cut_names[-2 if len(backbone.cuts) > 2 else -1]
    assert output_cuts(backbone, f"{high} + {low}") == (low, high)
    assert used_cuts(backbone, f"{high}+{low}") == used_cuts(backbone, high)
    assert output_cuts(backbone, f"{low}+last") == (low, backbone.cut_names[-1])
    with pytest.raises(BadInput, match=f"names {backbone.cut_names[-1]} twice"):
        output_cuts(backbone, f"last+{backbone.cut_names[-1]}")
    assert output_cuts(backbone, f"top-1+{low}") == (low, backbone.cut_names[-1])
    assert output_cuts(backbone, "top-2") == backbone.cut_names[-2:]
    assert output_cuts(backbone, "top-99") == backbone.cut_names
    with pytest.raises(BadInput, match="has no block ''"):
        output_cuts(backbone, f"{low}+")


@every_row
def test_middle_lies_strictly_inside(backbone: Backbone) -> None:
    assert 1 <= len(used_cuts(backbone, "middle")) < len(backbone.cuts)


@every_row
def test_thawing_more_blocks_than_there_are_is_refused(backbone: Backbone) -> None:
    with pytest.raises(BadInput, match=rf"backbone\.freeze: received 'all-but-99'; {backbone.name} has"):
        last_frozen(backbone, "all-but-99")


@every_row
def test_a_block_that_is_not_there_lists_near_ones(backbone: Backbone) -> None:
    near = backbone.cut_names[-1]
    for path, setting in (("backbone.freeze", "freeze"), ("backbone.output", "output")):
        with pytest.raises(BadInput) as caught:
            ExperimentSpec.from_json({"backbone": {"name": backbone.name, setting: f"{near}x"}})
        (problem,) = caught.value.problems
        assert problem.path == path
        assert near in problem.remedy


def test_freezing_above_the_output_is_refused() -> None:
    with pytest.raises(BadInput, match=r"backbone\.freeze: EfficientNetLite0 has no block 'block7'"):
        last_frozen(BACKBONES["EfficientNetLite0"], "block7", "block3")


@pytest.mark.parametrize("freeze", ["", "All", "all-but-", "all-but--1", "all-but-2.5", "top", "\0"])
def test_other_words_are_refused(freeze: str) -> None:
    with pytest.raises(BadInput, match="freeze"):
        last_frozen(BACKBONES["EfficientNetLite0"], freeze)
