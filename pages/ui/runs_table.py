"""Where app.py finds the table of runs; see pages/ui/runs/table.py."""

from __future__ import annotations

from pages.ui.runs.table import COLUMNS as COLUMNS
