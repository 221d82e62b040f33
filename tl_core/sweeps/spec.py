"""A sweep as plain data: an experiment, the settings that vary, how they are searched, and how much may be tried."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, get_args

from tl_core.errors import BadInput, Problem, nearest, unknown
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.params import read_values
from tl_core.results.head_bank import layers_of

Method = Literal["grid", "random", "bayes"]
"""grid: every combination. random: drawn independently. bayes: Optuna's TPE (Bergstra et al. 2011), which learns from the trials before."""

METHODS: tuple[Method, ...] = get_args(Method)

Pruning = Literal["none", "median"]
"""median: a run ends early if its lowest validation loss so far is above the median of the finished trials at that epoch (Golovin et al. 2017)."""

MOST_TRIALS = 10_000

_ROWS = {row.path: row for row in PARAMETERS}

_FORM = "Write values, such as head.dropout=0,0.2,0.5, or a range, such as train.learning_rate=1e-5..1e-2:log."


@dataclass(frozen=True)
class Axis:
    """A setting that varies: a list of values, or a range.

    Attributes:
        values: In the order given, as plain JSON values; empty for a range.
        low, high: The ends of a range, both included.
        step: Between the values of a range; None: any number, or any whole number of a setting that takes those alone.
        log: Whether a range is searched on a logarithmic scale.
    """

    path: str
    values: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether a range is one of whole numbers."""
        return _ROWS[self.path].kind in ("integer", "list")

    @property
    def choices(self) -> tuple[Any, ...] | None:
        """All its values; None for a range of any number."""
        if self.values:
            return self.values
        assert self.low is not None and self.high is not None
        if self.step is None and (not self.whole or self.log):
            return None
        step = self.step or 1
        # Not low + step + step: rounding would add up.
        numbers = (self.low + place * step for place in range(math.floor((self.high - self.low) / step + 1e-9) + 1))
        return tuple(self.setting(round(number, 12)) for number in numbers)

    @property
    def ends(self) -> tuple[Any, ...]:
        """Its values, or the ends of a range: what is valid there is taken to be valid between."""
        return self.values or (self.setting(self.low), self.setting(self.high))

    def setting(self, number: Any) -> Any:
        """A number of a range as a value of the setting."""
        if self.whole:
            value: Any = round(number)
        else:  # Three digits: what is drawn can be read, and typed again.
            value = float(number) if self.step else min(max(float(f"{number:.3g}"), self.low or 0), self.high or 0)
        return layers_of(value) if _ROWS[self.path].kind == "list" else value

    def number(self, value: Any) -> float:
        """The way back from `setting`."""
        return float(value[0] if value else 0) if isinstance(value, list) else float(value)

    @property
    def text(self) -> str:
        """As `read_axis` reads it, without the path."""
        if self.values:
            return ",".join(json.dumps(value) for value in self.values)
        ending = ":log" if self.log else f":{number_text(self.step)}" if self.step is not None else ""
        return f"{number_text(self.low or 0)}..{number_text(self.high or 0)}{ending}"


@dataclass(frozen=True)
class SweepSpec:
    """A sweep.

    Attributes:
        base: The experiment; its settings on the axes do not count.
        trials: The most trials; None: as many as there are combinations, or as the minutes allow.
        minutes: Of training, of all runs together: no trial starts after them. None: no limit.
        warm_up: Epochs before which no run is pruned.
        seed: Of the draws of settings; the seed of training is a setting like any other.
    """

    base: ExperimentSpec
    axes: tuple[Axis, ...]
    method: Method = "random"
    trials: int | None = None
    minutes: float | None = None
    pruning: Pruning = "none"
    warm_up: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if found := [*_axes_problems(self), *_budget_problems(self)]:
            raise BadInput(found)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(axis.path for axis in self.axes)

    @property
    def combinations(self) -> int | None:
        """How many there are; None if a range has no step."""
        found = [axis.choices for axis in self.axes]
        return None if None in found else math.prod(len(choices or ()) for choices in found)

    @property
    def most_trials(self) -> int | None:
        """The most trials by number and combinations; None: the minutes alone decide."""
        return min((most for most in (self.trials, self.combinations) if most is not None), default=None)

    def grid(self) -> list[dict[str, Any]]:
        """Every combination, by path, the last axis changing fastest. Raises ValueError if there is no end to them."""
        choices = [axis.choices for axis in self.axes]
        if None in choices:
            raise ValueError("a range without a step has no grid")
        return [dict(zip(self.paths, chosen, strict=True)) for chosen in product(*(found or () for found in choices))]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; the inverse of `from_json`."""
        axes = [{**vars(axis), "values": list(axis.values)} for axis in self.axes]
        return {**vars(self), "base": self.base.to_json(), "axes": axes}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SweepSpec:
        """Raises BadInput, KeyError, TypeError for what is no sweep."""
        axes = tuple(Axis(**{**axis, "values": tuple(axis["values"])}) for axis in values["axes"])
        return cls(**{**values, "base": ExperimentSpec.from_json(values["base"]), "axes": axes})


def number_text(number: float) -> str:
    """A number in its shortest form: 1e-5, 0.25, 64."""
    return re.sub(r"e([+-])0*", r"e\1", f"{number:g}").replace("e+", "e")


def read_axes(texts: Sequence[str], path: str = "--over") -> tuple[Axis, ...]:
    """Axes as written on a command line, `path=values` each. Raises BadInput with every problem."""
    axes, found = [], []
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not name or not values:
            found.append(Problem(path, f"received {text!r}; an axis is path=values", _FORM))
            continue
        try:
            axes.append(read_axis(name, values))
        except BadInput as error:
            found.extend(error.problems)
    if found:
        raise BadInput(found)
    return tuple(axes)


def read_axis(path: str, text: str) -> Axis:
    """An axis from its text: "0,0.2,0.5", "[64],[128]", "1e-5..1e-2:log", "0..0.6:0.1".

    Raises:
        BadInput: at the path, with what was received.
    """
    if path not in _ROWS:
        raise unknown("--over", "setting", path, _ROWS)
    low, dots, rest = text.partition("..")
    if dots and _number(low) is not None:
        return _range(path, text, low, rest)
    return Axis(path, _normal(path, read_values(text)))


def _normal(path: str, values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(map(layers_of, values)) if path == "head.hidden" else tuple(values)


def _range(path: str, text: str, low: str, rest: str) -> Axis:
    high, _, ending = rest.partition(":")
    log = ending.strip() == "log"
    numbers = _number(low), _number(high), None if log or not ending else _number(ending)
    if numbers[1] is None or (ending and not log and numbers[2] is None):
        said = f"received {text!r}; a range is low..high, low..high:step or low..high:log"
        raise BadInput.of(path, said, _FORM)
    return Axis(path, (), numbers[0], numbers[1], numbers[2], log)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _axes_problems(spec: SweepSpec) -> list[Problem]:
    if not spec.axes:
        return [Problem("axes", "received no setting to vary", _FORM)]
    found = [problem for axis in spec.axes for problem in _axis_problems(axis, spec.method)]
    twice = sorted({path for path in spec.paths if spec.paths.count(path) > 1})
    return [*found, *(Problem(path, "received it more than once", "Write all its values together.") for path in twice)]


def _axis_problems(axis: Axis, method: Method) -> list[Problem]:
    if axis.path not in _ROWS:
        close = " or ".join(nearest(axis.path, _ROWS))
        return [Problem(axis.path, "there is no setting of that name", f"Did you mean {close}?" if close else "")]
    if axis.values:
        twice = [value for value in axis.values if axis.values.count(value) > 1]
        said = f"received {json.dumps(twice[0])} more than once" if twice else ""
        return [Problem(axis.path, said, "Write it once.")] if twice else []
    if axis.low is None or axis.high is None:
        return [Problem(axis.path, "received no values", _FORM)]
    if _ROWS[axis.path].kind not in ("integer", "number") and axis.path != "head.hidden":
        return [Problem(axis.path, f"received {axis.text}; it is not a number", "Write its values one by one.")]
    return _range_problems(axis, method)


def _range_problems(axis: Axis, method: Method) -> list[Problem]:
    assert axis.low is not None and axis.high is not None
    if axis.low >= axis.high:
        return [Problem(axis.path, f"received {axis.text}", "The first number is the lower one.")]
    if axis.log and axis.low <= 0:
        return [Problem(axis.path, f"received {axis.text}; a logarithmic range begins above 0", "Raise its lower end.")]
    if axis.step is not None and (axis.step <= 0 or axis.step > axis.high - axis.low):
        return [Problem(axis.path, f"received the step {axis.step:g}", "It lies between 0 and the range's length.")]
    if axis.whole and any(number % 1 for number in (axis.low, axis.high, axis.step or 1)):
        return [Problem(axis.path, f"received {axis.text}; it takes whole numbers", "Round the range.")]
    if method == "grid" and axis.choices is None:
        remedy = "Write values or a step, such as 0..0.6:0.2; or search at random."
        return [Problem(axis.path, f"received {axis.text}, of which a grid has no end", remedy)]
    return []


def _budget_problems(spec: SweepSpec) -> list[Problem]:
    found = []
    if spec.method not in METHODS:
        found.append(
            Problem("method", f"received {spec.method!r}", f"It is {', '.join(METHODS[:-1])} or {METHODS[-1]}.")
        )
    if spec.trials is not None and not 1 <= spec.trials <= MOST_TRIALS:
        found.append(Problem("trials", f"received {spec.trials}; allowed is 1 to {MOST_TRIALS:,}"))
    if spec.minutes is not None and not spec.minutes > 0:
        found.append(Problem("minutes", f"received {spec.minutes:g}; allowed is more than 0"))
    if spec.warm_up < 1:
        found.append(Problem("warm_up", f"received {spec.warm_up}; allowed is 1 or more"))
    if not found and spec.axes and all(axis.path in _ROWS for axis in spec.axes):
        found += _no_end(spec)
    return found


def _no_end(spec: SweepSpec) -> list[Problem]:
    if any(not axis.values and (axis.low is None or axis.high is None) for axis in spec.axes):
        return []  # Reported as a problem of the axis.
    if spec.method != "grid" and spec.trials is None and spec.minutes is None:
        remedy = "Say how many trials or minutes, such as --trials 30."
        return [Problem("trials", f"received no budget, and a {spec.method} search has no end of its own", remedy)]
    if spec.method == "grid" and (spec.combinations or 0) > MOST_TRIALS and spec.most_trials == spec.combinations:
        said = f"received {spec.combinations:,} combinations; allowed is {MOST_TRIALS:,}"
        return [Problem("trials", said, "Leave out values or an axis, or say --trials.")]
    return []
