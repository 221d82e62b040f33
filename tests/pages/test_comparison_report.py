"""The report of a comparison: one HTML file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.ui.charts.component import plotly_file
from pages.ui.common import run_list
from pages.ui.compare import colouring
from pages.ui.compare.compared_runs import read_runs
from pages.ui.compare.controls import ChartView
from pages.ui.compare.grouping import groups_of
from pages.ui.compare.question import Question
from pages.ui.compare.report import report_html
from pages.ui.scripts import as_function
from tests.pages import visits
from tests.pages.folders import add_measured, add_outputs, add_run
from tl_core import store

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
VIEW = ChartView("Curves", "accuracy", "epoch", 0.0, False, ("val", "clean"))


class Reader(HTMLParser):
    """What a browser makes of the file: its elements, and the text of each kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data


def report(models: Path, runs: list[store.Run], view: ChartView = VIEW, question: Question | None = None) -> Reader:
    called = run_list.labels_of(run_list.rows(models))
    found, _ = read_runs(models, [run.id for run in runs], called)
    groups = groups_of(found, view.group_by)
    return Reader(report_html(groups, view, colouring.colouring(groups, "run"), datetime(2026, 1, 2, 3, 4), question))


def charts(read: Reader) -> dict[str, Any]:
    """What its scripts draw."""
    return dict(json.loads(read.texts["script"][0]))


@pytest.fixture
def two(models: Path) -> list[store.Run]:
    return [
        add_run(models, "one", settings={"head.dropout": 0.1}),
        add_run(models, EVIL, settings={"head.dropout": 0.5}),
    ]


def test_it_has_the_charts_the_map_and_the_table_with_settings_that_differ(models: Path, two: list[store.Run]) -> None:
    read = report(models, two)
    assert list(charts(read)) == ["compare-accuracy", "compare-loss", "map"]
    assert {given["data-chart"] for _, given in read.elements if "data-chart" in given} == set(charts(read))
    assert "Dropout" in read.texts["th"]
    assert [cell for cell in read.texts["td"] if cell in ("0.1", "0.5")] == ["0.1", "0.5"]
    assert "Comparison of 2 runs" in read.texts["h1"] and "2026-01-02 at 03:04" in read.texts["p"][0]


def test_no_text_of_a_run_is_markup(models: Path, two: list[store.Run]) -> None:
    read = report(models, two)
    assert len(read.texts["script"]) == 3
    assert not [tag for tag, _ in read.elements if tag == "img"]
    assert any(EVIL in text for text in read.texts["th"]), "it is shown as it is"


def test_the_browser_is_allowed_its_own_scripts_and_nothing_from_elsewhere(models: Path, two: list[store.Run]) -> None:
    read = report(models, two)
    (policy,) = (str(given["content"]) for _, given in read.elements if given.get("http-equiv"))
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == ["'none'"]
    assert not re.search("https?:|unsafe-eval|\\*", policy)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in read.texts["script"][1:]]
    assert rules["script-src"] == [f"'sha256-{each}'" for each in hashes]
    links = [given for _, given in read.elements if {"src", "href", "srcset"} & given.keys()]
    assert links == []


def test_it_says_whether_one_is_better_with_the_figures_that_the_answer_rests_on(models: Path) -> None:
    right = np.arange(400) < np.array([[380], [240], [380]])
    runs = [
        add_measured(models, name, row, {"head.dropout": 0.1 * n})
        for n, (name, row) in enumerate(zip("ABC", right, strict=True))
    ]
    said = report(models, runs[:2]).texts
    assert any("A is better than B by 35 points" in text for text in said["strong"])
    assert any("A gets wrong" in text for text in said["p"])
    assert any("The best of 3 is" in text and "Holm" in text for text in report(models, runs).texts["p"])


def test_it_answers_what_the_page_asks(models: Path) -> None:
    right = np.arange(400) < np.array([[380], [0], [240], [380]])
    right[1] = np.arange(400) >= 21
    settings: list[dict[str, Any]] = [
        {"head.dropout": rate, "train.seed": seed} for rate, seed in ((0.1, 0), (0.2, 0), (0.3, 0), (0.3, 9))
    ]
    runs = [
        add_measured(models, name, row, given, exported_epoch=1)
        for name, row, given in zip("ABCD", right, settings, strict=True)
    ]
    said = report(models, runs, question=Question(margin=0.05, together=False, a="B", b="A")).texts
    assert any("B and A are equal within 5 points" in text for text in said["strong"])
    assert any("The best of 4 is" in text for text in said["p"]), "seeds stand one by one"
    for run in runs:
        add_outputs(run, right[:1, :100], split="test")
    said = report(models, runs, question=Question("test")).texts
    assert any("On 100 test images" in text for text in said["p"])


def test_files_are_named_within_their_runs(models: Path) -> None:
    runs = [add_measured(models, name, np.ones(20, bool), {"head.dropout": n / 10}) for n, name in enumerate("AB")]
    (runs[0].folder / "val_outputs.bin").write_bytes(b"?")
    read = report(models, runs)
    assert any("A: val_outputs.bin" in text for text in read.texts["p"])
    assert not any(str(models) in text for texts in read.texts.values() for text in texts)


def test_it_has_the_diagnosis_of_each_run_and_says_why_runs_cannot_be_compared(
    models: Path, two: list[store.Run]
) -> None:
    read = report(models, two)
    assert len(read.texts["li"]) == 2 and all(text.startswith(": ") and len(text) > 20 for text in read.texts["li"])
    assert any("earlier version" in text for text in read.texts["p"])


def test_the_measure_of_the_page_is_drawn_too_and_many_runs_have_small_charts(models: Path) -> None:
    runs = [add_run(models, f"run {number}") for number in range(13)]
    drawn = charts(report(models, runs, ChartView("Map", "gap", "epoch", 0.0, False, ("clean",))))
    assert list(drawn) == ["compare-accuracy", "compare-loss", "compare-gap", "map"]
    assert len(drawn["compare-gap"]["cells"]) == 13
    assert [len(drawn[f"compare-{name}"]["cells"][0]["lines"]) for name in ("loss", "gap")] == [1, 1]


def test_what_limits_the_comparison_is_said(models: Path) -> None:
    read = report(models, [add_run(models, "one", data="a"), add_run(models, "two", data="b")])
    assert any("different data" in text for text in read.texts["p"])


def test_runs_without_an_epoch_have_no_charts(models: Path) -> None:
    assert charts(report(models, [add_run(models, "one", accuracies=())])) == {}


def test_a_script_that_exports_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.js").write_text("const a = 1")
    with pytest.raises(ValueError, match=r"other.js exports no or several functions"):
        as_function("draw", tmp_path / "other.js")


def test_the_page_offers_it_and_says_how_large_it_is(models: Path, two: list[store.Run]) -> None:
    page = visits.opened("compare", runs=two[0].id)
    (label,) = [button.proto.label for button in page.get("download_button") if "HTML" in button.proto.label]
    assert label == f"Report as HTML ({plotly_file().stat().st_size / 1e6:.1f} MB)"
