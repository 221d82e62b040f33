"""The tables of verdicts and remedies in docs/diagnosis.md, as Markdown: `python -m tl_core.diagnosis.tables` prints them; a test compares."""

from __future__ import annotations

from tl_core.diagnosis.remedies import REMEDIES
from tl_core.diagnosis.verdicts import VERDICTS


def verdict_table() -> str:
    lines = ["| verdict | holds if | means | source |", "| --- | --- | --- | --- |"]
    for row in VERDICTS:
        lines.append(f"| **{row.title}** (`{row.name}`, {row.tone}) | {row.rule} | {row.help} | {row.source} |")
    return "\n".join(lines)


def remedy_table() -> str:
    lines = ["| remedy | for | reason | source |", "| --- | --- | --- | --- |"]
    for row in REMEDIES:
        verdicts = ", ".join(verdict.title.lower() for verdict in VERDICTS if row.name in verdict.remedies)
        fork = " (a fork)" if row.at == "best epoch" else ""
        lines.append(f"| **{row.title}**{fork} | {verdicts} | {row.reason} | {row.source} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(verdict_table(), remedy_table(), sep="\n\n")
