"""Charts: figures as plain data, and the component that draws them."""

from pages.ui.charts.component import draw
from pages.ui.charts.route import ROUTE

__all__ = ["ROUTE", "draw"]
