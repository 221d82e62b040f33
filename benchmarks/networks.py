"""Every network on this machine: `python -m benchmarks.networks [--only NAME,...] [--file FILE]` (make networks).

Prints the table of docs/backbones.md: images per second frozen and thawed at the network's native size, the largest memory of the process,
and the accuracy of a head on handwritten digits, with the pretrained weights if they are here and otherwise with random ones. Each network
has a process of its own, one after another; what is in the file is not measured again. An hour or two on two idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.chosen import chosen
from benchmarks.environment import environment, heading
from tl_core import store
from tl_core.backbones import BACKBONES, availability, facts
from tl_core.backbones.facts import image_sizes
from tl_core.devices import devices
from tl_core.experiment.presets import PRESETS
from tl_core.records import unwatched
from tl_core.text import compact, data_size, percent

FILE = Path("networks.jsonl")

DIGITS = {"data.source": "digits", "data.images_per_class": 24, "head.classifier": "ridge"}
"""240 training images in ten classes, and a head that is solved at once."""

SMALLEST = 64
"""Pixels a side of the digits, unless the network needs more."""


@dataclass(frozen=True)
class Outcome:
    """One network.

    Attributes:
        frozen, thawed: Images per second at the native size.
        memory: Bytes: the largest resident memory of the process that measured them.
        weights: "pretrained" or "random".
        digits: Validation accuracy on handwritten digits, everything frozen.
    """

    name: str
    frozen: float
    thawed: float
    memory: int
    weights: str
    digits: float


def measure(name: str) -> Outcome:
    """Measures a network in this process."""
    from tl_core.engine.speed import measure_speed
    from tl_core.engine.training import lifecycle

    speed = measure_speed(name)
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = "pretrained" if availability.status(BACKBONES[name]).present else "random"
    size = next(size for size in image_sizes(BACKBONES[name]) if size >= SMALLEST)
    changes = {**DIGITS, "backbone.name": name, "backbone.weights": kept, "data.image_size": size}
    with tempfile.TemporaryDirectory() as folder:
        run = store.create(Path(folder), PRESETS["feature-extraction"].spec(changes))
        state = lifecycle.train(run, Path(folder), unwatched)
        found = next(record for record in store.read_epochs(run) if record.epoch == state.exported_epoch)
    return Outcome(name, speed.frozen, speed.thawed, memory, kept, found.metrics["val_accuracy"])


def table(found: Mapping[str, Outcome]) -> list[str]:
    """The table in Markdown, in the order of the table of backbones."""
    lines = [
        "| name | parameters | file | ImageNet | size | blocks | images/s frozen | thawed | memory | digits |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for row in BACKBONES:
        cells = [
            f"`{row.name}`",
            compact(facts(row.name).parameters),
            data_size(1e6 * row.weights.megabytes, 0),
            percent(row.imagenet_accuracy),
            row.native_size,
            len(row.cuts),
        ]
        if one := found.get(row.name):
            digits = f"{percent(one.digits)} {'' if one.weights == 'pretrained' else '(random)'}".strip()
            cells += [f"{one.frozen:.3g}", f"{one.thawed:.3g}", data_size(one.memory), digits]
        else:
            cells += ["–"] * 4
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def kept(file: Path) -> dict[str, Outcome]:
    """What was measured before, by name."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {one["name"]: Outcome(**one) for one in map(json.loads, lines)}


def main() -> None:
    given = _arguments()
    if given.one:
        print(json.dumps(asdict(measure(given.one))))
        return
    print(heading(environment("benchmarks.networks")), flush=True)
    for name in chosen(given.only, {row.name: row.title for row in BACKBONES}, "backbone"):
        if name in kept(given.file):
            continue
        command = [sys.executable, "-m", "benchmarks.networks", "--one", name]
        threads = {**os.environ, **devices()[0].environment}  # As a training worker has them.
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=threads)
        if done.returncode:
            print(f"{name} could not be measured:\n{done.stderr[-2000:]}", flush=True)
            continue
        with given.file.open("a", encoding="utf-8") as file:
            file.write(f"{done.stdout.strip().splitlines()[-1]}\n")
        print(name, flush=True)
    print("\n".join(table(kept(given.file))))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__)
    parser.add_argument("--only", default="", help="networks to measure, separated by commas")
    parser.add_argument("--file", type=Path, default=FILE, help=f"where each figure is kept (default: {FILE})")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
