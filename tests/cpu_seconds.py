"""CPU seconds of each file and test, on any machine however busy: `make test ARGS="-p tests.cpu_seconds"`.

Child processes count once they have ended; fixtures count for the test that needed them first.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

SHOWN = 25

_times = [sum(os.times()[:4])]
_spent: Counter[str] = Counter()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Says in each report what was spent since the one before it."""
    report: pytest.TestReport = yield  # type: ignore[misc, assignment]
    _times.append(sum(os.times()[:4]))
    report.cpu_seconds = _times[-1] - _times.pop(0)  # type: ignore[attr-defined]
    return report  # type: ignore[return-value]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _spent[report.nodeid] += getattr(report, "cpu_seconds", 0.0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    files: Counter[str] = Counter()
    for test, seconds in _spent.items():
        files[test.partition("::")[0]] += seconds
    terminalreporter.section(f"CPU seconds: {sum(files.values()):.0f}")
    for name, seconds in [*files.most_common(SHOWN), *_spent.most_common(SHOWN)]:
        terminalreporter.write_line(f"{seconds:8.1f}  {name}")
