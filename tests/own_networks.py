"""Networks of your own as folders of files, without Keras: two blocks that no test builds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tl_core.backbones import IMAGE_SIZES, Cut, added
from tl_core.backbones.added import AddedNetwork, Description
from tl_core.backbones.scaling import MINUS_ONE_TO_ONE
from tl_core.files import sha256_of


def add_folder(models: Path, name: str = "tiny", content: bytes = b"weights", **changes: Any) -> AddedNetwork:
    """A network own-NAME with blocks low and top of 4 and 8 channels.

    Args:
        content: Of its file.
        changes: Of its description.
    """
    folder = added.folder_of(models, name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "network.keras").write_bytes(content)
    said = Description(
        title="Tiny",
        file="network.keras",
        sha256=sha256_of(folder / "network.keras"),
        file_bytes=len(content),
        origin="mine.keras",
        added="2026-11-30",
        native_size=64,
        minimum_size=32,
        cuts=(Cut("low", "conv_1"), Cut("top", "conv_2")),
        mean=MINUS_ONE_TO_ONE.mean,
        scale=MINUS_ONE_TO_ONE.scale,
        order="rgb",
    )
    made = AddedNetwork(f"own-{name}", folder, replace(said, **changes), facts_of(low=4, top=8))
    added.write(made)
    added.use(models)
    return made


def facts_of(**channels: int) -> dict[str, Any]:
    """An entry as of facts.json."""
    halves = [size // 2 for size in IMAGE_SIZES]
    counts = {
        "parameters": 100,
        "statistics": 0,
        "normalisation": 0,
        "values_per_pixel": 10.0,
        "sides": halves,
        "macs": [size**2 for size in IMAGE_SIZES],
    }
    blocks = [{"name": name, "channels": count, **counts} for name, count in channels.items()]
    return {"image_sizes": list(IMAGE_SIZES), "blocks": blocks}
