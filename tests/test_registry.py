"""A table gives its rows by name, in order, and does not let two share one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tl_core.errors import BadInput
from tl_core.registry import Registry


@dataclass(frozen=True)
class Fruit:
    name: str


APPLE, PEAR, PLUM = Fruit("apple"), Fruit("pear"), Fruit("plum")


@pytest.fixture
def fruits():
    return Registry("fruit", "bowl.fruit", (PLUM, APPLE))


def test_rows_come_back_by_name_and_in_the_order_they_were_added(fruits):
    assert fruits.add(PEAR) is PEAR
    assert fruits["apple"] is APPLE
    assert list(fruits) == [PLUM, APPLE, PEAR]
    assert fruits.names == ("plum", "apple", "pear")
    assert len(fruits) == 3


def test_a_name_used_twice_is_an_error_and_the_first_row_stays(fruits):
    with pytest.raises(ValueError, match="two rows of the fruit table are named 'apple'"):
        fruits.add(Fruit("apple"))
    assert fruits["apple"] is APPLE


def test_a_table_cannot_begin_with_a_name_used_twice():
    with pytest.raises(ValueError, match="'plum'"):
        Registry("fruit", "bowl.fruit", (PLUM, APPLE, Fruit("plum")))


def test_an_unknown_name_is_bad_input_at_the_setting_that_named_it(fruits):
    with pytest.raises(BadInput) as caught:
        fruits["aple"]
    (problem,) = caught.value.problems
    assert problem.path == "bowl.fruit"
    assert problem.message == "there is no fruit named 'aple'"
    assert problem.remedy == "Did you mean apple?"


@pytest.mark.parametrize("name", ["", "Apple", None, 3])
def test_only_the_exact_name_is_in_the_table(fruits, name):
    assert "apple" in fruits
    assert name not in fruits
    with pytest.raises(BadInput):
        fruits[name]
