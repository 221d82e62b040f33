"""Charts: figures as plain data, and the component that draws them."""

from pages.ui.charts.component import draw

__all__ = ["draw"]
