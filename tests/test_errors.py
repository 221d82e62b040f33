"""Errors are sentences that say what was wrong and what to do."""

from __future__ import annotations

import pytest

from tl_core.errors import BadInput, LabError, Problem, RunFailed, RunStopped, nearest, unknown

COLOURS = ("red", "orange", "yellow", "green", "Blue")


def test_a_problem_reads_as_path_message_and_remedy():
    problem = Problem("head.dropout", "received 2; allowed is 0 to 0.95", "Lower it.")
    assert str(problem) == "head.dropout: received 2; allowed is 0 to 0.95. Lower it."


def test_a_problem_that_ends_in_a_full_stop_gets_no_second_one():
    assert str(Problem("a", "It is wrong.", "Change it.")) == "a: It is wrong. Change it."


def test_a_problem_without_path_or_remedy_is_its_message():
    assert str(Problem("", "no space")) == "no space"


def test_bad_input_holds_every_problem_and_says_all_of_them():
    error = BadInput([Problem("a", "is wrong"), Problem("b", "is missing")])
    assert [problem.path for problem in error.problems] == ["a", "b"]
    assert str(error) == "a: is wrong; b: is missing"


def test_bad_input_of_one_problem_holds_it_alone():
    assert BadInput.of("a", "is wrong", "Change it.").problems == (Problem("a", "is wrong", "Change it."),)
    assert BadInput(Problem("a", "is wrong")).problems == (Problem("a", "is wrong"),)


def test_bad_input_keeps_the_problems_of_a_generator():
    error = BadInput(Problem(str(number), "is wrong") for number in range(2))
    assert len(error.problems) == len(error.problems) == 2


@pytest.mark.parametrize("error", [BadInput.of("a", "is wrong"), RunFailed("failed"), RunStopped("stopped")])
def test_every_error_for_people_can_be_caught_as_one_kind(error):
    assert isinstance(error, LabError)


@pytest.mark.parametrize("typed, meant", [("gren", "green"), ("GREEN", "green"), ("blue", "Blue"), ("yelow", "yellow")])
def test_the_nearest_name_is_found_whatever_the_letter_case(typed, meant):
    assert nearest(typed, COLOURS)[0] == meant


def test_nothing_is_near_to_a_name_like_no_other():
    assert nearest("xylophone", ("cat", "dog")) == []


def test_no_more_names_are_given_than_asked_for():
    assert len(nearest("aaa", [f"aaa{number}" for number in range(9)], most=2)) == 2


def test_an_unknown_name_is_answered_with_the_nearest():
    (problem,) = unknown("paint.colour", "colour", "gren", COLOURS).problems
    assert problem == Problem("paint.colour", "there is no colour named 'gren'", "Did you mean green?")


def test_a_name_like_no_other_is_answered_with_all_of_them():
    (problem,) = unknown("paint.colour", "colour", "zzzz", (name for name in COLOURS)).problems
    assert problem.remedy == "Known: red, orange, yellow, green, Blue."
