"""Closed-form heads against the best logistic head: `python -m benchmarks.closed_form [--photos FOLDER] [--json FILE]` (make closed-form).

On the pooled features of EfficientNet-Lite0, of digits, the playground, and photos if a folder is given. Logistic regression is solved at each
of eight penalties, and the one with the lowest loss on the validation images stands for it: it alone has seen them. Its seconds are those of
all eight.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tl_core.experiment.presets import PRESETS
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import HeadSpec
from tl_core.records import unwatched
from tl_core.results.head_scores import HeadScore

DATA: Mapping[str, Mapping[str, Any]] = {
    "digits": {"data.source": "digits"},
    "playground": {"data.source": "playground"},
    "playground, harder": {"data.source": "playground:difficulty=0.8,classes=10"},
}
LOGISTIC = "logistic-regression"
PENALTIES = (1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)


def scores(settings: Mapping[str, Any], models: Path) -> Iterator[HeadScore]:
    """The best logistic head on the features of an experiment, then each closed-form head."""
    from tl_core.engine.bank.closed_form import closed_form_scores, scored
    from tl_core.engine.bank.grid import read

    _, arrays = read(PRESETS["feature-extraction"].spec(settings), models, unwatched)
    tried = [
        replace(score, selected={"l2": l2})
        for l2 in PENALTIES
        for score in [scored(arrays, HeadSpec(classifier=LOGISTIC, l2=l2)).score]
    ]
    best = min(tried, key=lambda score: score.loss)
    yield replace(best, seconds=sum(score.seconds for score in tried))
    yield from closed_form_scores(arrays)


def row(data: str, score: HeadScore) -> str:
    """A row of the table in Markdown."""
    l2 = f"{score.selected['l2']:.2g}" if "l2" in score.selected else ""
    interval = f"{score.low:.1%} to {score.high:.1%}"
    losses = f"{score.loss:.3f} | {score.best_loss:.3f} | {score.calibration_error:.3f}"
    accuracy = f"{score.accuracy:.1%} | {interval}"
    return f"| {data} | {SOLVED[score.classifier].title} | {accuracy} | {losses} | {l2} | {score.seconds:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="A folder of photos, as for data.source.")
    parser.add_argument("--json", type=Path, help="Write the figures into this file too.")
    given = parser.parse_args()
    photos = {given.photos.name: {"data.source": f"folder:{given.photos}"}} if given.photos else {}
    print(
        "| data | head | accuracy | 95 % interval | loss | at the best temperature | calibration error | L2 | seconds |"
    )
    print("| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    found = []
    with tempfile.TemporaryDirectory() as models:
        for data, settings in {**DATA, **photos}.items():
            for score in scores(settings, Path(models)):
                found.append({"data": data, **asdict(score)})
                print(row(data, score), flush=True)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
