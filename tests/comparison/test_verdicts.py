from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.comparison.sides import flipped, recipes
from tl_core.comparison import Side, compare, rank, wording
from tl_core.comparison.differences import t_quantile
from tl_core.errors import BadInput


def test_many_flips_one_way_are_better():
    found = compare(*flipped(30, 5, 500))
    assert (found.answer, found.better) == ("better", "B")
    assert wording.headline(found) == "B is better than A by 5 points (2.9 to 7.6)."
    assert (len(found.gained), len(found.lost)) == (30, 5)
    turned = compare(*flipped(30, 5, 500)[::-1])
    assert turned.better == "B"
    assert wording.headline(turned) == wording.headline(found)


def test_few_flips_among_many_images_are_equal():
    found = compare(*flipped(10, 11, 2000))
    assert (found.answer, found.better) == ("equal", "")
    assert wording.headline(found) == "A and B are equal within 1 point: 90 % interval −0.5 to 0.3."


def test_no_flips_among_few_images_are_not_called_equal():
    found = compare(*flipped(0, 0, 100))
    assert found.answer == "cannot tell"
    assert found.images_needed > 100
    assert compare(*flipped(0, 0, 341)).answer == "equal"


def test_a_few_flips_among_few_images_cannot_tell_and_say_how_many_could():
    found = compare(*flipped(12, 5, 341))
    assert wording.headline(found) == "341 images cannot tell whether A or B is better; about 1,100 could."
    assert found.images_needed == pytest.approx(1089, abs=20)
    assert compare(*flipped(5, 6, 341)).images_needed > 341


def test_a_wider_margin_makes_equal_what_cannot_be_told():
    sides = flipped(5, 6, 341)
    assert compare(*sides).answer == "cannot tell"
    assert compare(*sides, margin=0.03).answer == "equal"


def test_a_small_but_certain_difference_says_that_it_is_within_the_margin():
    found = compare(*flipped(30, 6, 5000))
    assert found.answer == "better"
    assert "That is within the margin of 1 point." in wording.evidence(found)


def test_one_seed_a_side_is_about_networks_and_several_about_settings():
    one, several = compare(*recipes(1, 100)), compare(*recipes(3, 100))
    assert one.of_networks and one.mcnemar is not None and "these two networks" in wording.scope(one)
    assert not several.of_networks and several.mcnemar is None and "whatever the seed" in wording.scope(several)
    mixed = compare(Side("A", recipes(1, 100)[0].correct), recipes(3, 100)[1])
    assert mixed.mcnemar is None and "A stands for its one network" in wording.scope(mixed)


def test_flips_of_several_seeds_are_those_of_most():
    a = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 1, 0, 1]], bool)
    b = np.array([[1, 1, 0, 1], [1, 1, 0, 1], [0, 1, 0, 1]], bool)
    found = compare(Side("A", a), Side("B", b))
    assert (found.gained.tolist(), found.lost.tolist()) == ([0], [2])


def test_flips_on_which_losses_differ_most_come_first():
    a, b = flipped(3, 2, 20)
    loss = np.zeros((1, 20))
    loss[0, :5] = [0.5, 2.0, 1.0, 0.1, 0.2]
    found = compare(Side("A", a.correct, loss), Side("B", b.correct, -loss))
    assert (found.gained.tolist(), found.lost.tolist()) == ([1, 2, 0], [3, 4])


def test_sides_of_different_images_are_refused():
    with pytest.raises(BadInput, match="different images"):
        compare(flipped(1, 0, 10)[0], flipped(1, 0, 11)[1])
    a, b = (
        Side(name, np.ones((1, 3), bool), labels=np.array(labels))
        for name, labels in (("A", [0, 1, 2]), ("B", [0, 2, 1]))
    )
    with pytest.raises(BadInput, match="different images"):
        compare(a, b)


def test_a_side_without_images_is_refused():
    with pytest.raises(BadInput, match="not \\(seeds, images\\)"):
        Side("A", np.ones((1, 0), bool))
    with pytest.raises(BadInput, match="has losses"):
        Side("A", np.ones((1, 3), bool), np.ones((1, 2)))


def test_losses_are_told_apart_where_accuracies_are_not():
    a, b = flipped(2, 2, 100)
    with_loss = compare(
        Side("A", a.correct, np.full((1, 100), 0.5)), Side("B", b.correct, np.linspace(0.3, 0.5, 100)[None])
    )
    assert any(line.startswith("The loss of B is lower by 0.100") for line in wording.evidence(with_loss))
    assert "Their losses are not comparable." in wording.evidence(compare(a, b))


def test_a_comparison_is_plain_json():
    values = compare(*recipes(2, 100)).to_json()
    assert values["a"] == "A" and values["seeds"] == [2, 2]
    assert values["accuracy"]["low"] <= values["accuracy"]["value"] <= values["accuracy"]["high"]
    assert values["loss"]["narrow"][0] > values["loss"]["low"]


def test_equality_needs_both_one_sided_tests():
    """The 90 % interval within the margin is what two one-sided tests at 5 % give."""
    found = compare(*recipes(1, 3000, spread=0.05))
    narrow, value = found.accuracy.narrow, found.accuracy.estimate.value
    error = (found.accuracy.image_variance / 3000) ** 0.5
    assert narrow.high - value == pytest.approx(t_quantile(0.95, float("inf")) * error, rel=0.1)


def test_sides_of_long_names_are_called_a_and_b_and_a_line_says_which_is_which():
    a, b = flipped(30, 5, 500)
    long = replace(b, name="dropout 0.5, L2 0.001, rotation 10, zoom 0.15")
    found, legend = wording.lettered(compare(a, long))
    assert legend == ("A: A", "B: dropout 0.5, L2 0.001, rotation 10, zoom 0.15")
    assert wording.headline(found) == "B is better than A by 5 points (2.9 to 7.6)."
    assert wording.lettered(compare(a, b))[1] == ()


def test_the_best_two_of_many_equal_sides_are_not_called_better_by_chance():
    """Six networks of the same accuracy: picking the best and the next after looking finds a difference that no correction forgets."""
    rng = np.random.default_rng(8)
    said = []
    for _ in range(40):
        sides = [Side(name, rng.random((1, 300)) < 0.7) for name in "ABCDEF"]
        ranking = rank(sides)
        best, worst = ranking.order[0], ranking.order[-1]
        found = ranking.compared(sides, worst, best)
        assert found.among.pairs == 15
        said.append((compare(sides[worst], sides[best]).answer == "better", found.answer == "better"))
        if said[-1] == (True, False):
            assert "is one of 15 and may be chance (Holm: p" in wording.headline(found)
    alone, corrected = np.mean(said, axis=0)
    assert alone > 0.2 and corrected <= 0.1


def test_two_sides_alone_need_no_correction():
    sides = flipped(30, 5, 500)
    found = rank(sides).compared(sides, 0, 1)
    assert (found.answer, found.among) == ("better", None)
