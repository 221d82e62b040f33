"""What the lab says about a case whose truth is known."""

from __future__ import annotations

from tl_core.diagnosis import Diagnosis

OVERFITS = frozenset({"overfitting", "overconfident"})
"""The verdicts that call a run overfitted."""


class Judged:
    """A case with the lab's diagnosis of it."""

    diagnosis: Diagnosis

    @property
    def verdicts(self) -> frozenset[str]:
        return frozenset(one.verdict for one in self.diagnosis.findings)

    @property
    def called(self) -> bool:
        """Whether the lab says that it overfits."""
        return bool(self.verdicts & OVERFITS)
