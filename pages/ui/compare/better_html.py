"""The parts of *Is one better?* that are HTML of their own: an interval as dot and whisker, the table of all sides, images that flip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from pages.ui.charts import colours
from tl_core.comparison import Comparison, Ranking, Side, wording
from tl_core.text import counted, percent

_ROOM = 1.15
"""The axis reaches so far beyond what is drawn on it."""


@dataclass(frozen=True)
class Flip:
    """An image that only one side classifies correctly; address: empty where it cannot be shown."""

    name: str
    label: str
    address: str


def whisker_html(found: Comparison) -> str:
    """The difference in accuracy with its 95 % interval around 0, and the margin as a zone: B better to the right."""
    estimate, (a, b) = found.accuracy.estimate, map(escape, found.names)
    reach = _ROOM * max(abs(estimate.low), abs(estimate.high), found.margin)

    def place(value: float) -> float:
        return round(50 + 50 * value / reach, 2)

    low, high = place(estimate.low), place(estimate.high)
    zone = place(-found.margin), place(found.margin)
    said = escape(
        f"{found.names[1]} minus {found.names[0]}: {wording.difference(found.accuracy)}; margin {wording.points(found.margin)}."
    )
    return f"""{_STYLE}<div class="tl-better"><div class="axis" role="img" aria-label="{said}" title="{said}">
<b class="zone" style="left: {zone[0]}%; width: {zone[1] - zone[0]:.2f}%"></b><b class="zero"></b>
<b class="line" style="left: {low}%; width: {high - low:.2f}%"></b><b class="dot" style="left: {place(estimate.value)}%"></b></div>
<div class="ends"><span>← {a} better</span><span class="middle">0 ± {wording.points(found.margin)}</span><span>{b} better →</span></div></div>"""


def ranking_html(sides: Sequence[Side], ranking: Ranking) -> str:
    """Every side against the best, the highest accuracy first."""
    rows = "".join(_row(sides[place], place, ranking) for place in ranking.order)
    head = "".join(
        f'<th scope="col">{title}</th>'
        for title in ("Run", "Seeds", "Accuracy", "Points to the best", "95 % interval", "p (Holm)")
    )
    label = f"{counted(len(sides), 'side')}, each against the best"
    table = f'<table aria-label="{label}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'{_STYLE}<div class="tl-ranked">{table}</div>'


def _row(side: Side, place: int, ranking: Ranking) -> str:
    cells = [
        f'<th scope="row">{escape(side.name)}</th>',
        f"<td>{side.seeds}</td>",
        f"<td>{percent(side.accuracy)}</td>",
    ]
    if place == ranking.best:
        return f"<tr>{''.join(cells)}<td>best</td><td></td><td></td></tr>"
    pair, estimate = ranking.against_best(place)
    told = escape(wording.p_text(pair.p)) + ("" if pair.differs else " · not told apart")
    return f"<tr>{''.join(cells)}<td>{wording.signed(100 * estimate.value, 1)}</td><td>{wording.interval(estimate)}</td><td>{told}</td></tr>"


def flips_html(flips: Sequence[Flip], side: int) -> str:
    """Images with their names and classes, in which nothing counts as markup."""
    return f'{_STYLE}<div class="tl-flips" role="list" style="--side: {side}px">{"".join(map(_flip, flips))}</div>'


def _flip(flip: Flip) -> str:
    name, label = escape(flip.name), escape(flip.label)
    image = f'<img src="{flip.address}" alt="{name}">' if flip.address else f"<div>{name}</div>"
    return f'<figure role="listitem" title="{name}">{image}<figcaption>{label}</figcaption></figure>'


_STYLE = f"""<style>
.tl-better {{max-width: 44rem; font-size: .8rem}}
.tl-better .axis {{position: relative; height: 30px; border-bottom: 1px solid #88888888}}
.tl-better b {{position: absolute; display: block}}
.tl-better .zone {{top: 0; bottom: 0; background: #88888833}}
.tl-better .zero {{left: 50%; top: 0; bottom: 0; border-left: 1px dashed #888888}}
.tl-better .line {{top: 14px; height: 3px; border-radius: 2px; background: {colours.css(colours.VALIDATION)}}}
.tl-better .dot {{top: 9px; width: 13px; height: 13px; margin-left: -6px; border-radius: 50%; background: {colours.css(colours.VALIDATION)}}}
.tl-better .ends {{display: flex; justify-content: space-between; gap: 1rem;
  margin-top: 4px}}
.tl-better .ends span {{flex: 1; overflow-wrap: anywhere}}
.tl-better .ends span.middle {{flex: none; opacity: .8}}
.tl-better .ends span:last-child {{text-align: right}}
.tl-ranked {{overflow-x: auto; font-size: .85rem}}
.tl-ranked table {{border-collapse: collapse}}
.tl-ranked :is(th, td) {{padding: .25rem .75rem .25rem 0; text-align: right; font-weight: normal;
  white-space: nowrap; border-bottom: 1px solid #88888844}}
.tl-ranked th:first-child {{text-align: left; white-space: normal; min-width: 8rem}}
.tl-flips {{display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--side), 1fr));
  gap: 8px}}
.tl-flips figure {{margin: 0; font-size: .75rem; overflow-wrap: anywhere}}
.tl-flips :is(img, figure > div) {{width: var(--side); height: var(--side); object-fit: cover; border-radius: 6px; display: block}}
.tl-flips figure > div {{background: #88888822; padding: 5px; box-sizing: border-box; overflow: hidden; font-size: .7rem}}
</style>"""
