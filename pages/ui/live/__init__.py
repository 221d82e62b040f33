"""Pages that follow the disk: the server tells a page when something changed, so no page asks again and again."""

from pages.ui.live.follow import follow
from pages.ui.live.route import ROUTE

__all__ = ["ROUTE", "follow"]
