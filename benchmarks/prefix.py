"""Throughput of the frozen prefix: ours over OpenVINO's own `benchmark_app` of the same network.

The same precision (f32), threads, streams, requests and images a request on both sides, in turn. OpenVINO's program runs in a process of its
own on numbers it makes up; ours reads uint8 pixels and hands on float32 features.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figures import Conditions, Figure, Unmeasured
from benchmarks.limits import gemm_peak, gflop
from benchmarks.timing import as_installed, taken
from tl_core.engine.backend import keras, tf
from tl_core.engine.inputs.features import portions
from tl_core.engine.inputs.prefix import REQUESTS, Prefix, compiled, images_at_once, in_keras
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve

SIZE, IMAGES, SECONDS, REPEATS = 224, 1024, 8, 3


def measure(conditions: Conditions) -> Iterator[Figure]:
    if tf.config.list_physical_devices("GPU"):
        raise Unmeasured("With a GPU the prefix runs in Keras; OpenVINO's benchmark says nothing about it.")
    network = prefix(SIZE)
    file = conditions.models / "prefix.xml"
    save(network, file)
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, SIZE, SIZE, 3), np.uint8)
    ours, keras_own = compiled(network), in_keras(network)
    rounds = []
    for repeat in range(REPEATS + 1):
        seconds = SECONDS if repeat else 2  # The first round warms up.
        with as_installed():
            slow = rate(keras_own, pixels[: IMAGES // 4])
        rounds.append((rate(ours, pixels), benchmark_app(file, seconds), slow))
    mine, theirs, tensorflow = (Rates(column[1:]) for column in zip(*rounds, strict=True))
    note = f"ours {mine}, benchmark_app {theirs} images/s; {_share(mine.median)}"
    name = "prefix throughput over OpenVINO's benchmark_app, Lite0 at 224, f32"
    yield Figure(name, mine.median / theirs.median, 0.85, "times", True, note)
    note = f"TensorFlow {tensorflow} images/s"
    yield Figure("  the same over TensorFlow's", mine.median / tensorflow.median, None, "times", True, note)


@dataclass(frozen=True)
class Rates:
    """Images a second, of each repeat."""

    each: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.each)

    def __str__(self) -> str:
        return f"{self.median:.0f} ({min(self.each):.0f} to {max(self.each):.0f})"


def rate(ready: Prefix, pixels: np.ndarray) -> float:
    """Images a second, batch after batch as features are computed."""
    batches = (pixels[places] for places in portions(len(pixels)))
    return len(pixels) / taken(lambda: [output.shape for output in ready(batches)])


def prefix(size: int) -> keras.Model:
    """EfficientNet-Lite0 from pixels to pooled features, as a run with everything frozen has it."""
    spec = PRESETS["feature-extraction"].spec({"data.image_size": size})
    frozen = divide(assemble(resolve(spec), 10), resolve(spec), resolve(spec).phases[0].frozen).prefix
    assert frozen is not None
    return frozen


def save(network: keras.Model, file: Path) -> None:
    """Writes a network in OpenVINO's form, for as many images a request as we take; weights stay float32."""
    import openvino

    signature = tf.TensorSpec((images_at_once(network.inputs[0].shape[1]), *network.inputs[0].shape[1:]), tf.float32)
    forward = tf.function(lambda pixels: network(pixels, training=False), input_signature=[signature])
    openvino.save_model(openvino.convert_model(forward.get_concrete_function()), file, compress_to_fp16=False)


def benchmark_app(file: Path, seconds: int) -> float:
    """Images a second of OpenVINO's own benchmark."""
    cores = os.cpu_count() or 1
    options = {"-hint": "none", "-infer_precision": "f32", "-api": "async", "-t": str(seconds)}
    options |= {"-nthreads": str(cores), "-nstreams": str(cores), "-nireq": str(REQUESTS * cores)}
    words = [word for pair in options.items() for word in pair]
    command = [
        sys.executable,
        "-c",
        "from openvino.tools.benchmark.main import main; main()",
        "-m",
        str(file),
        "-d",
        "CPU",
    ]
    said = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    found = re.search(r"Throughput:\s+([\d.]+) FPS", said.stdout)
    if found is None:
        raise Unmeasured(f"OpenVINO's benchmark_app gave no throughput: {(said.stdout + said.stderr)[-300:]}")
    return float(found[1])


def _share(images: float) -> str:
    """The arithmetic of a throughput as a share of what this processor multiplies matrices with."""
    peak = gemm_peak()
    done = images * gflop("EfficientNetLite0", SIZE)
    return f"{done:.0f} GFLOP/s, {done / peak:.0%} of the {peak:.0f} that multiplying matrices reaches"
