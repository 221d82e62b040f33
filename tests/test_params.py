"""Settings are rows, and a wrong value is answered with its path, what was received and what is allowed."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from pydantic import ValidationError, model_validator

from tests.each import for_each
from tl_core.errors import BadInput
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.params import Located, Section, located, parameters, read_text, setting, validated
from tl_core.registry import Registry


class Oven(Section):
    degrees: float = setting(180.0, "How hot it is.", low=20, high=300, step=5, unit="degrees", basic=True)
    minutes: int | None = setting(None, "How long it bakes.", low=1)
    fan: bool = setting(False, "Whether the fan runs.", title="Hot air")
    rack: Literal["top", "middle", "bottom"] = setting("middle", "Where the cake stands.")
    seed: int = setting(0, "Decides what cannot be known.", low=0, high=2**31 - 1)


class Cake(Section):
    name: str = setting("sponge", "What it is called.")
    layers: tuple[int, ...] = setting((), "Centimetres of each layer.", form="whole numbers, such as [2, 3]")
    oven: Oven = Oven()

    @model_validator(mode="after")
    def _fits(self) -> Cake:
        if len(self.layers) > 3:
            raise Located("layers", f"received {len(self.layers)} layers; allowed is 0 to 3", "Take one away.")
        return self


ROWS = {row.path: row for row in parameters(Cake)}


def problems(values, section=Cake, **options):
    with pytest.raises(BadInput) as caught:
        validated(section, values, **options)
    return {problem.path: problem for problem in caught.value.problems}


class TestRows:
    def test_stand_in_the_order_they_are_written_with_the_path_of_their_section(self):
        assert list(ROWS) == ["name", "layers", "oven.degrees", "oven.minutes", "oven.fan", "oven.rack", "oven.seed"]

    def test_hold_all_that_was_declared(self):
        row = ROWS["oven.degrees"]
        assert (row.title, row.kind, row.default, row.help) == ("Degrees", "number", 180.0, "How hot it is.")
        assert (row.low, row.high, row.step, row.unit, row.basic) == (20, 300, 5, "degrees", True)

    @pytest.mark.parametrize(
        "path, kind, optional",
        [
            ("name", "text", False),
            ("layers", "list", False),
            ("oven.minutes", "integer", True),
            ("oven.fan", "switch", False),
            ("oven.rack", "choice", False),
        ],
    )
    def test_know_the_kind_of_their_value(self, path, kind, optional):
        assert (ROWS[path].kind, ROWS[path].optional) == (kind, optional)

    def test_of_choices_list_them(self):
        assert ROWS["oven.rack"].choices == ("top", "middle", "bottom")

    @pytest.mark.parametrize(
        "path, allowed",
        [
            ("oven.degrees", "20 to 300 degrees"),
            ("oven.minutes", "1 or more"),
            ("oven.fan", "true or false"),
            ("oven.rack", "top, middle or bottom"),
            ("oven.seed", "0 to 2147483647"),
            ("name", "text"),
            ("layers", "whole numbers, such as [2, 3]"),
        ],
    )
    def test_say_what_is_allowed_in_words(self, path, allowed):
        assert ROWS[path].allowed == allowed


class TestWrongValues:
    @pytest.mark.parametrize(
        "value, received", [(999, "999"), (19.9, "19.9"), ("warm", '"warm"'), (None, "null"), ([1], "[1]")]
    )
    def test_are_answered_with_path_value_and_range(self, value, received):
        (problem,) = problems({"oven": {"degrees": value}}).values()
        assert problem.path == "oven.degrees"
        assert problem.message == f"received {received}; allowed is a number, 20 to 300 degrees"

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_that_are_no_numbers_are_refused_even_where_there_is_no_upper_bound(self, value):
        assert set(problems({"oven": {"degrees": value, "minutes": value}})) == {"oven.degrees", "oven.minutes"}

    def test_near_a_choice_name_it(self):
        problem = problems({"oven": {"rack": "midle"}})["oven.rack"]
        assert problem.message == 'received "midle"; allowed is top, middle or bottom'
        assert problem.remedy == "Did you mean middle?"

    def test_are_all_reported_at_once(self):
        assert set(problems({"name": 3, "oven": {"degrees": 0, "rack": "x", "minutes": 0.5}})) == {
            "name",
            "oven.degrees",
            "oven.rack",
            "oven.minutes",
        }

    def test_inside_a_list_are_found(self):
        (problem,) = problems({"layers": [2, "thick"]}).values()
        assert problem.path == "layers.1"
        assert '"thick"' in problem.message
        assert "whole numbers" in problem.message

    def test_carry_the_path_of_where_the_section_stands(self):
        assert set(problems({"degrees": 0, "fna": True}, Oven, prefix="kitchen.oven.")) == {
            "kitchen.oven.degrees",
            "kitchen.oven.fna",
        }

    @pytest.mark.parametrize("values", [5, None, [], "oven"])
    def test_in_the_place_of_a_section_are_bad_input(self, values):
        assert "oven" in problems({"oven": values})

    def test_of_the_whole_are_bad_input(self):
        assert problems([])

    def test_a_check_of_several_settings_says_which_one_it_is_about(self):
        (problem,) = problems({"layers": [1, 1, 1, 1]}).values()
        assert (problem.path, problem.message) == ("layers", "received 4 layers; allowed is 0 to 3")
        assert problem.remedy == "Take one away."


class TestUnknownSettings:
    @pytest.mark.parametrize(
        "values, path, meant",
        [
            ({"nme": 1}, "nme", "name"),
            ({"oven": {"degres": 1}}, "oven.degres", "oven.degrees"),
            ({"degrees": 1}, "degrees", "degrees"),
        ],
    )
    def test_are_refused_with_the_nearest(self, values, path, meant):
        (problem,) = problems(values).values()
        assert problem.path == path
        assert problem.message == "there is no setting of that name"
        assert meant in problem.remedy

    def test_like_no_other_are_answered_with_all(self):
        assert problems({"zzzzzzz": 1})["zzzzzzz"].remedy == f"Known: {', '.join(ROWS)}."


def test_good_values_make_a_section_with_defaults_for_the_rest():
    cake = validated(Cake, {"layers": [2, 3], "oven": {"minutes": 40}})
    assert (cake.name, cake.layers, cake.oven.minutes, cake.oven.degrees) == ("sponge", (2, 3), 40, 180.0)


@pytest.mark.parametrize("degrees", [20, 300])
def test_both_ends_of_a_range_are_allowed(degrees):
    assert validated(Oven, {"degrees": degrees}).degrees == degrees


def test_a_section_cannot_be_changed():
    with pytest.raises(ValidationError):
        Oven().degrees = 200


def test_a_default_outside_its_own_range_is_found_when_the_section_is_made():
    class Wrong(Section):
        level: int = setting(9, "A level.", low=0, high=5)

    with pytest.raises(BadInput, match="received 9; allowed is a whole number, 0 to 5"):
        validated(Wrong, {})


def test_an_unknown_row_of_a_table_is_reported_at_the_setting_beside_the_others():
    class Row(Section):
        name: str = "sponge"

    table = Registry("recipe", "cake.recipe", (Row(),))

    class Order(Section):
        recipe: str = setting("sponge", "Which.")

        @model_validator(mode="after")
        def _known(self):
            located(lambda: table[self.recipe], inside="cake.")
            return self

    class Meal(Section):
        cake: Order = Order()

    problem = problems({"cake": {"recipe": "spnge"}}, Meal)["cake.recipe"]
    assert problem.remedy == "Did you mean sponge?"


@pytest.mark.parametrize(
    "text, value",
    [
        ("7", 7),
        ("0.3", 0.3),
        ("true", True),
        ("null", None),
        ("[64, 32]", [64, 32]),
        ("avg", "avg"),
        ("", ""),
        ("1e-3", 0.001),
        ("a: b", "a: b"),
    ],
)
def test_text_of_a_command_line_is_read_as_json_or_else_as_text(text, value):
    assert read_text(text) == value


every_setting = for_each("row", PARAMETERS, ids=lambda row: row.path)


class TestEverySettingOfAnExperiment:
    @every_setting
    def test_has_a_title_and_help_in_sentences(self, row):
        assert row.title[0].isupper()
        assert row.help[0].isupper() or row.help.startswith(
            row.choices
        )  # a help that explains its choices begins with one
        assert row.help.endswith((".", ")"))

    @every_setting
    def test_has_a_range_or_choices_where_it_needs_one(self, row):
        assert row.kind in ("integer", "number", "switch", "choice", "text", "list")
        if row.kind in ("integer", "number"):
            assert row.low is not None
            assert row.high is not None
            assert row.low < row.high
        if row.kind == "choice":
            assert len(row.choices) >= 2
            assert row.default in row.choices
        assert row.allowed

    @every_setting
    def test_has_a_default_that_is_allowed(self, row):
        section, _, name = row.path.rpartition(".")
        values = {section: {name: row.default}} if section else {name: row.default}
        assert validated(ExperimentSpec, values) == ExperimentSpec()

    @every_setting
    def test_refuses_a_value_just_outside_its_range(self, row):
        section, _, name = row.path.rpartition(".")
        for value in (row.low - 1, row.high + 1) if row.kind in ("integer", "number") else ({"no": "value"},):
            values = {section: {name: value}} if section else {name: value}
            assert [path for path in problems(values, ExperimentSpec) if path.startswith(row.path)]

    @every_setting
    def test_refuses_true_and_text_where_a_number_belongs(self, row):
        if row.kind in ("integer", "number"):
            section, _, name = row.path.rpartition(".")
            for value in (True, str(row.low)):
                assert row.path in problems({section: {name: value}}, ExperimentSpec)


def test_a_whole_group_given_as_one_value_says_which_settings_it_has():
    problem = problems({"head": 3}, ExperimentSpec)["head"]
    assert "received 3" in problem.message
    assert "head.classifier" in problem.remedy
