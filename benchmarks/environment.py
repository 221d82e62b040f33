"""Where figures come from: what stands beside them in the JSON file and at the head of the table."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("tensorflow", "keras", "openvino", "numpy", "pillow", "streamlit", "scikit-learn")


def environment(module: str = "benchmarks") -> dict[str, Any]:
    """Date, command (of the module that was started), Python, platform, processor, cores, memory in bytes, versions of packages."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python", "-m", module, *sys.argv[1:]]),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "load": round(psutil.getloadavg()[0], 2),
        "gpu": "not used, not measured",
        "packages": {name: version(name) for name in PACKAGES},
    }


def heading(here: Mapping[str, Any]) -> str:
    """An `environment` in two lines; says where other programs keep the machine busy."""
    packages = ", ".join(f"{name} {number}" for name, number in here["packages"].items())
    busy = f"; BUSY: {here['load']} programs at work before this one" if here["load"] > 0.5 else ""
    return (
        f"{here['date']}  {here['processor']}, {here['cores']} cores, {here['memory'] / 1e9:.0f} GB{busy}\n"
        f"Python {here['python']}, {packages}"
    )


def processor() -> str:
    """Its name as Linux has it, else as Python has it."""
    known = Path("/proc/cpuinfo")
    if known.is_file():
        for text in known.read_text(encoding="utf-8").splitlines():
            if text.startswith("model name"):
                return text.partition(":")[2].strip()
    return platform.processor() or platform.machine()
