"""The view Forks: the chosen runs with all that they were forked from and all that was forked from them, as a tree and as curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.ui import navigation
from pages.ui.charts import colours, comparison, grid
from pages.ui.charts.component import draw_chart
from pages.ui.charts.series import Series, begun_at, series_of
from pages.ui.common import run_list
from pages.ui.compare.colouring import Colouring
from pages.ui.compare.compared_runs import ComparedRun, read_runs
from pages.ui.compare.controls import ChartView
from pages.ui.compare.grouping import Group
from pages.ui.markdown import plain
from pages.ui.tables import run_table
from pages.ui.tables.columns import accuracy_column, figure_column, gap_column, text_column
from pages.ui.tables.run_table import Cell, Column
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.experiment.wording import setting_text
from tl_core.forks import settings_at
from tl_core.forks.tree import Branch, families
from tl_core.store import RunFigures, models_folder
from tl_core.text import UNKNOWN, counted, duration

HEIGHT = 400
KEY = "fork_tree"

_OWN = ("start.", "train.epochs", "train.head_epochs", "train.stages")
"""What every fork changes by itself: where it starts, and what is left of the phases."""


@dataclass(frozen=True)
class Node:
    """A run of the tree. parent: The run it was forked from; None if that is gone, cannot be read, or it is no fork."""

    branch: Branch
    run: ComparedRun
    parent: ComparedRun | None = None

    @property
    def figures(self) -> RunFigures | None:
        return self.run.figures

    @property
    def own_epochs(self) -> int:
        return len(self.run.epochs) - self.run.epochs.inherited


def draw_forks(groups: Sequence[Group], view: ChartView, found: Colouring) -> None:
    """The tree, and below it the curves, in which a fork begins on that of its parent."""
    chosen = [run for group in groups for run in group.runs]
    rows = run_list.rows(models_folder())
    branches = families({row.id: row.forked_from for row in rows}, [run.id for run in chosen])
    if not branches:
        st.info(
            "None of these runs is a fork or has forks. The page of a run forks it from any of its checkpoints.",
            icon=":material/account_tree:",
        )
        return
    called = run_list.labels_of(row for row in rows if row.id in {branch.run for branch in branches})
    runs, problems = read_runs(models_folder(), [branch.run for branch in branches], called)
    for problem in problems:
        st.error(plain(problem), icon=":material/broken_image:")
    nodes = nodes_of(branches, runs)
    coloured = _colours(nodes, found)
    _tree(nodes, coloured)
    _curves(nodes, coloured, view)


def nodes_of(branches: Sequence[Branch], runs: Sequence[ComparedRun]) -> list[Node]:
    """The runs that can be read, in the order of the tree."""
    read = {run.id: run for run in runs}
    return [
        Node(branch, read[branch.run], read.get(branch.origin.run) if branch.origin else None)
        for branch in branches
        if branch.run in read
    ]


def series(nodes: Sequence[Node], coloured: Mapping[str, str], view: ChartView) -> list[Series]:
    """A curve for each run; that of a fork begins at the last epoch it inherited, which is one of its parent's."""
    drawn = []
    for node in nodes:
        if node.run.epochs:
            whole = series_of(
                node.run.named(coloured.get(node.run.id, "")), view.quantity, view.x, view.show, view.aligned
            )
            drawn.append(begun_at(whole, max(0, node.run.epochs.inherited - 1)) if node.parent else whole)
    return drawn


def _colours(nodes: Sequence[Node], found: Colouring) -> dict[str, str]:
    """The chosen runs keep their colours, the others have the next ones; none where there are too many."""
    if len(nodes) > colours.DISTINCT:
        return {}
    taken = {node.run.id: found.of[node.run.id] for node in nodes if node.run.id in found.of}
    free = [colour for colour in map(colours.of_run, range(colours.DISTINCT)) if colour not in found.of.values()]
    others = [node.run.id for node in nodes if node.run.id not in taken]
    return {**taken, **dict(zip(others, free, strict=False))}


def _tree(nodes: Sequence[Node], coloured: Mapping[str, str]) -> None:
    run_table.draw_run_table(
        KEY,
        _columns(),
        nodes,
        id_of=lambda node: node.run.id,
        label=f"{counted(len(nodes), 'run')}: a tree of runs and their forks",
        param="",
        sortable=False,
        swatch=lambda node: colours.css(coloured[node.run.id]) if node.run.id in coloured else "",
        on_open=_open,
    )
    st.caption(plain(cost_text(nodes)))


def _columns() -> list[Column[Node]]:
    return [
        Column("run", "Run", "A fork stands below the run it continues.", _name, _title, kind="name", narrow=True),
        figure_column("from", "From epoch", "The epoch whose network the fork continues.", _from, _number),
        text_column(
            "changes",
            "Changes",
            "Settings that differ from those of the run it continues, as they were in that epoch.",
            _changes,
        ),
        accuracy_column(),
        gap_column(),
        figure_column("epochs", "Own epochs", "Without inherited ones.", lambda node: node.own_epochs, _number),
        figure_column("time", "Own time", "Without inherited epochs.", lambda node: node.run.state.seconds, duration),
    ]


def _name(node: Node) -> Cell:
    origin = node.branch.origin
    gone = f" (fork of {origin.title}, which is not in this folder)" if node.branch.orphaned and origin else ""
    return Cell(f"{node.run.name}{gone}", hover=node.run.id, before=lines(node.branch))


def _title(node: Node) -> str:
    return node.run.name


def lines(branch: Branch) -> str:
    """The lines before a name that lead to its parent, in characters."""
    if not branch.depth:
        return ""
    through = "".join("   " if last else "│  " for last in branch.last[:-1])
    return through + ("└─ " if branch.last[-1] else "├─ ")


def _from(node: Node) -> int | None:
    return node.branch.origin.epoch if node.branch.origin else None


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _changes(node: Node) -> str:
    origin = node.branch.origin
    return changes(settings_at(node.parent.run, origin.epoch), node.run.spec) if node.parent and origin else ""


def changes(parent: ExperimentSpec, fork: ExperimentSpec) -> str:
    """Settings in which a fork differs from those its parent had at that epoch, live changes included, in words."""
    paths = (row.path for row in PARAMETERS if not row.path.startswith(_OWN))
    return ", ".join(setting_text(path, fork.value(path)) for path in paths if parent.value(path) != fork.value(path))


def cost_text(nodes: Sequence[Node]) -> str:
    """What all of them together took: epochs that forks inherited are counted once, with the run that trained them."""
    epochs = sum(node.own_epochs for node in nodes)
    seconds = [node.run.state.seconds for node in nodes if node.run.state.seconds is not None]
    took = f" in {duration(sum(seconds))}" if seconds else ""
    said = f"Together they trained {counted(epochs, 'epoch')}{took}; inherited epochs count once, for the run that trained them."
    lost = _epochs_of_others(nodes)
    if not lost:
        return said
    counts = "is not counted" if lost == 1 else "are not counted"
    return f"{said} {counted(lost, 'epoch')} inherited from runs that are gone, or cannot be read, {counts}."


def _epochs_of_others(nodes: Sequence[Node]) -> int:
    """How many inherited epochs were trained by runs that are not in the tree, each counted once."""
    here = {node.run.id for node in nodes}
    origins = {(record.inherited_from, record.epoch) for node in nodes for record in node.run.epochs}
    return sum(1 for run, _ in origins if run and run not in here)


def _curves(nodes: Sequence[Node], coloured: Mapping[str, str], view: ChartView) -> None:
    drawn = series(nodes, coloured, view)
    if not drawn or not view.show:
        return
    said = comparison.said_of(drawn, view.quantity, view.x)
    if len(drawn) > colours.DISTINCT:
        grid.draw_grid(grid.grid_data(drawn, **view.drawing), "fork-grid", said)
    else:
        draw_chart(comparison.compare_figure(drawn, **view.drawing), f"forks-{view.quantity}", HEIGHT, said)


def _open(run: str) -> None:
    navigation.go("run", run=run)
