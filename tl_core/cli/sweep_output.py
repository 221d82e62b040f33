"""What sweep and sweeps print of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tl_core import sweeps
from tl_core.cli import output
from tl_core.errors import BadInput
from tl_core.experiment.wording import setting_text
from tl_core.sweeps import Sweep
from tl_core.sweeps.reading import SweepReading, TrialReading, read_importance, read_sweep, said_of_end
from tl_core.sweeps.spec import number_text
from tl_core.sweeps.winner import Winner, read_winner
from tl_core.text import duration, percent


def print_sweeps(models: Path, as_json: bool) -> None:
    found = []
    for each in sweeps.sweeps(models):
        try:
            found.append(read_sweep(each))
        except BadInput as error:
            output.print_line(f"Note: {error}", console=output.err)
    if as_json:
        output.print_json({"sweeps": [_head(reading) for reading in found]})
        return
    columns = ("sweep", "?title", "method", "status", ">trials", ">best val loss")
    output.print_table(columns, [_list_row(reading) for reading in found])


def _list_row(reading: SweepReading) -> tuple[Any, ...]:
    most, best = reading.spec.most_trials, reading.winner
    ended = f"{reading.ended:,}" + (f" of {most:,}" if most else "")
    loss = "" if best is None or best.loss is None else f"{best.loss:.4f}"
    return reading.sweep.id, reading.title, reading.spec.method, str(reading.state.status), ended, loss


def _head(reading: SweepReading) -> dict[str, Any]:
    best = reading.winner
    return {
        "sweep": reading.sweep.id,
        "title": reading.title,
        "method": reading.spec.method,
        "status": str(reading.state.status),
        "message": reading.state.message,
        "trials": len(reading.trials),
        "ended": reading.ended,
        "most_trials": reading.spec.most_trials,
        "seconds": reading.seconds,
        "best_val_loss": best.loss if best else None,
        "best_run": best.run if best else None,
    }


def print_sweep(sweep: Sweep, as_json: bool, top: int = 20) -> None:
    reading = read_sweep(sweep)
    winner, importance = read_winner(reading), read_importance(reading)
    if as_json:
        trials = [trial.to_json() for trial in reading.trials]
        best = winner.to_json() if winner else None
        head = {**_head(reading), "axes": {axis.path: axis.text for axis in reading.spec.axes}}
        output.print_json({**head, "winner": best, "importance": importance.shares or None, "table": trials})
        return
    output.print_line()
    output.print_text(f"{said_of_end(reading)} {reading.state.message}".strip())
    if winner is not None:
        _print_winner(reading, winner)
    if importance.shares:
        parts = (f"{path} {percent(share, 0)}" for path, share in importance.shares.items())
        output.print_text(f"Importance: {', '.join(parts)}.")
    elif reading.trials:
        output.print_text(f"Importance: {importance.reason}")
    output.print_line()
    _print_trials(reading, top)


def _print_winner(reading: SweepReading, winner: Winner) -> None:
    base, trial = reading.spec.base, winner.trial
    spec = base.with_values(trial.settings)
    settings = ", ".join(setting_text(path, spec.value(path)) for path in trial.settings)
    said = f"Winner: trial {trial.number + 1}, {settings}: validation loss {trial.loss:.4f}, accuracy {output.accuracy(trial.accuracy)}."
    output.print_text(said)
    output.print_text(winner.text)
    output.print_line(f"Run {trial.run}")


def _print_trials(reading: SweepReading, top: int) -> None:
    paths = reading.spec.paths
    others = [trial for trial in reading.trials if trial not in reading.finished]
    shown = [*reading.finished, *others]
    titles = (
        ">trial",
        *(f">{path.rsplit('.', 1)[-1]}" for path in paths),
        ">val loss",
        ">val acc",
        ">time",
        "status",
        "?why",
    )
    output.print_table(titles, [_trial_row(reading, trial) for trial in shown[:top]])
    if len(shown) > top:
        output.print_line(f"... and {len(shown) - top} more; --top and --json show them.")


def _trial_row(reading: SweepReading, trial: TrialReading) -> tuple[Any, ...]:
    loss = "" if trial.loss is None else f"{trial.loss:.4f}"
    share = output.share(trial.accuracy.share if trial.accuracy else None)
    values = (_written(trial.settings.get(path)) for path in reading.spec.paths)
    return trial.number + 1, *values, loss, share, duration(trial.seconds), trial.status, trial.reason


def _written(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value)) or "none"
    return number_text(value) if isinstance(value, float) else "none" if value is None else str(value)
