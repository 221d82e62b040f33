"""docs/settings.md, made from the rows that forms, command line and checks read."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tl_core.data.sources import SOURCES
from tl_core.experiment.augmentations import AUGMENTATIONS
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import PARAMETERS
from tl_core.params import Param, parameters

_TOP = """# Settings

Every setting of an experiment, as `--set path=value` on the command line and as a path in a spec file.
This page is made from the code by `make settings`; a test holds it to that.
"""


def settings_page() -> str:
    """The page, as Markdown."""
    parts = [_TOP, "## Experiment\n", _table(PARAMETERS)]
    for source in SOURCES:
        if source.options:
            parts += [f"## Source `{source.name}`\n", f"Written `{source.form}`.\n", _table(parameters(source.options))]
    parts += ["## Augmentations\n", _augmentations(), "## Presets\n", _presets()]
    return "\n".join(parts)


def _table(rows: Iterable[Param]) -> str:
    lines = ["| setting | default | allowed | what it does |", "| --- | --- | --- | --- |"]
    for row in rows:
        lines.append(f"| `{row.path}` | {_value(row)} | {_allowed(row)} | {row.help} |")
    return "\n".join(lines) + "\n"


def _value(row: Param) -> str:
    if row.default is None:
        return "not set"
    return f"`{json.dumps(row.default)}`" if not isinstance(row.default, str) else f"`{row.default}`"


def _allowed(row: Param) -> str:
    return row.allowed.replace("|", "\\|") + (", or not set" if row.optional else "")


def _augmentations() -> str:
    lines = ["| `augment` | amount | what it does |", "| --- | --- | --- |"]
    for row in AUGMENTATIONS:
        lines.append(f"| `{row.name}` | {row.low:g} to {row.high:g} {row.unit}, default {row.default:g} | {row.help} |")
    return "\n".join(lines) + "\n"


def _presets() -> str:
    lines = ["| preset | what it is for | differs from the defaults in |", "| --- | --- | --- |"]
    for row in PRESETS:
        values = ", ".join(f"`{path}={json.dumps(value).strip(chr(34))}`" for path, value in row.values.items())
        lines.append(f"| `{row.name}` | {row.help} | {values} |")
    return "\n".join(lines) + "\n"
