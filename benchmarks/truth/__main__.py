"""Every statement of the lab that is scored against known truth: `python -m benchmarks.truth [--json FILE] [--only NAME,...] [--quick]` (make truth).

docs/diagnosis.md says what each score means. Several minutes on two cores; with --quick, which takes a small share of the cases, seconds a
part. What is scored is written into truth.json, or where --json says, as it comes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.chosen import chosen
from benchmarks.environment import environment, heading
from benchmarks.truth.scores import Measure, line, record
from tl_core.errors import BadInput

PARTS = {
    "histories": "verdict and onset of generated histories",
    "runs": "verdict and onset of real runs, trained here",
    "paired": "is A better than B, on cheap heads",
    "depths": "which depths a probe says are as good as the best",
    "curves": "what a learning curve promises of more images",
    "maps": "which cells of a regularisation map may be the best",
}
"""Modules of this package, in the order in which they are scored."""


def main() -> None:
    given = _arguments()
    names = chosen(given.only, PARTS, "part")
    found: list[dict[str, Any]] = []
    here, started = environment("benchmarks.truth"), time.time()
    print(heading(here), flush=True)
    print(f"\n{'score':<84} {'measured':>8} {'cases':>6} {'target':<13}", flush=True)
    for name in names:
        print(f"{name}: {PARTS[name]}", flush=True)
        measure: Measure = import_module(f"benchmarks.truth.{name}").measure
        for score in measure(given.quick):
            print(line(score), flush=True)
            found.append({"part": name, **record(score)})
            seconds = round(time.time() - started)
            _write(given.json, {**here, "quick": given.quick, "seconds": seconds, "scores": found})
    print(f"\nWritten to {given.json}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    parser.add_argument(
        "--json", type=Path, default=Path("truth.json"), help="File of the scores; default: %(default)s."
    )
    parser.add_argument("--only", default="", help=f"Comma-separated names: {', '.join(PARTS)}. Default: all.")
    parser.add_argument("--quick", action="store_true", help="A small share of the cases.")
    return parser.parse_args()


def _write(file: Path, values: dict[str, Any]) -> None:
    """After every score, so that it is kept where a later one fails."""
    file.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except BadInput as error:
        sys.exit(str(error))
