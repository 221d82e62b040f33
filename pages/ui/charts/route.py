"""Plotly's script for the browser, out of the installed package: charts need no internet."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

VERSION = version("plotly")
"""Stands in the address, so that a browser keeps the script for good and still fetches the next version."""


def plotly_file() -> Path:
    """Where the installed plotly package keeps its script, without importing the package."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("plotly is not installed; run pip install -r requirements.txt")
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


def _script(_: Request) -> FileResponse:
    return FileResponse(
        plotly_file(), media_type="text/javascript", headers={"cache-control": "public, max-age=31536000, immutable"}
    )


# Streamlit does not put server.baseUrlPath before the routes of an app, and pages ask beside their own address.
ROUTE = Route("/{below:path}plotly.min.js", _script)
