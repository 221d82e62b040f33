"""Every figure the lab aims at, measured here: `python -m benchmarks [--json FILE] [--only NAME,...] [--photos FOLDER]` (make bench).

Each is a ratio inside one run on one machine: the same data, seeds, precision and threads on both sides, in turn, after a warm-up, medians.
docs/performance.md says what each means and how it is measured. About twenty minutes on two cores. What is measured is written
into bench.json, or where --json says, as it comes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import photos
from benchmarks.chosen import chosen
from benchmarks.environment import environment, heading
from benchmarks.figures import Conditions, Figure, Measure, Unmeasured, line, record
from tl_core.errors import BadInput

FAMILIES = {
    "limits": "the limits of this machine",
    "training": "ten epochs on photos: plain Keras over ours",
    "tail": "one epoch of a linear head over a bare loop",
    "thawed": "training steps of a thawed network: plain Keras over ours",
    "augmented": "an epoch of augmented images: plain Keras over ours",
    "heads": "64 heads over one",
    "prefix": "the frozen prefix over OpenVINO's benchmark",
    "recording": "long runs: an epoch, and the page that follows",
    "equality": "cached against uncached training",
    "dashboard": "response times of the pages",
}
"""Modules of this package, in the order in which they are measured; dashboard measures without `Conditions`."""


def main() -> None:
    given = _arguments()
    names = chosen(given.only, FAMILIES, "family of figures")
    found: list[dict[str, Any]] = []
    here, started = environment(), time.time()
    with tempfile.TemporaryDirectory() as folder:
        conditions = _conditions(given.photos, Path(folder), names)
        print(f"{heading(here)}\nphotos: {conditions.photos.said}\nGPU: not used, not measured\n", flush=True)
        try:
            for figure in _each(names, conditions):
                found.append(figure)
                seconds = round(time.time() - started)
                _write(given.json, {**here, "photos": conditions.photos.said, "seconds": seconds}, found)
        finally:  # Also of what was measured before a family failed, or somebody had enough.
            print("\n".join(_closing(found, given.json)), flush=True)


def _each(names: Sequence[str], conditions: Conditions) -> Iterator[dict[str, Any]]:
    for name in names:
        print(f"{name}: {FAMILIES[name]}", flush=True)
        yield from _shown(name, conditions)
        print(flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--json", type=Path, default=Path("bench.json"), help="File of the figures; default: %(default)s."
    )
    parser.add_argument("--only", default="", help=f"Comma-separated names: {', '.join(FAMILIES)}. Default: all.")
    parser.add_argument("--photos", type=Path, help="A folder with train/ and validation/; default: generated images.")
    return parser.parse_args()


def _conditions(folder: Path | None, made: Path, names: Sequence[str]) -> Conditions:
    """Generates images only if a benchmark needs them."""
    if folder is not None:
        found = photos.given(folder)
    elif {"limits", "training", "equality"}.intersection(names):
        print("Generating images, because --photos is not given ...", flush=True)
        found = photos.drawn(made / "photos")
    else:
        found = photos.Photos(made, "none needed")
    photos.read_once(found)
    models = made / "models"
    models.mkdir()
    return Conditions(found, models)


def _shown(name: str, conditions: Conditions) -> Iterator[dict[str, Any]]:
    """The figures of a family, printed as they come."""
    try:
        for figure in _measured(name, conditions):
            print(line(figure), flush=True)
            yield {"family": name, **record(figure)}
    except Unmeasured as error:
        print(f"not measured: {error}", flush=True)
        yield {"family": name, "name": FAMILIES[name], "unmeasured": str(error)}


def _measured(name: str, conditions: Conditions) -> Iterator[Figure]:
    if name == "dashboard":
        from benchmarks import dashboard

        if dashboard.CHROMIUM is None:
            raise Unmeasured("There is no Chromium here; as root: apt-get install chromium")
        return dashboard.measure()
    measure: Measure = import_module(f"benchmarks.{name}").measure
    return measure(conditions)


def _closing(found: Sequence[dict[str, Any]], file: Path) -> Iterator[str]:
    if rows := list(_in_short(found)):
        yield from ("In short: measured, target, met or not", *rows, "")
    yield f"Written to {file}." if found else "Nothing was measured, nothing is written."


def _in_short(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A row for every figure that something is aimed at, and for every family that was not measured."""
    for row in found:
        if "unmeasured" in row:
            yield f"{row['name']}: not measured"
        elif row["target"] is not None:
            fields = {name: value for name, value in row.items() if name not in ("family", "verdict", "note")}
            yield line(Figure(**fields))


def _write(file: Path, here: Mapping[str, Any], found: list[dict[str, Any]]) -> None:
    """After every figure, so that it is kept where a later one fails."""
    file.write_text(json.dumps({**here, "figures": found}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except BadInput as error:
        sys.exit(str(error))
