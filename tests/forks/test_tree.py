"""Runs and their forks as a tree."""

from __future__ import annotations

from tl_core.forks.tree import Branch, families
from tl_core.records import ForkOrigin


def origin(run: str, epoch: int) -> ForkOrigin:
    return ForkOrigin(run, epoch, f"title of {run}")


ORIGINS = {
    "root": None,
    "late": origin("root", 9),
    "early": origin("root", 3),
    "grandchild": origin("early", 7),
    "alone": None,
    "orphan": origin("deleted", 5),
}


def drawn(*chosen: str) -> list[tuple[str, int]]:
    return [(branch.run, branch.depth) for branch in families(ORIGINS, chosen)]


def test_a_tree_is_whole_whichever_of_its_runs_is_chosen_and_forks_follow_by_the_epoch_they_begin_at() -> None:
    whole = [("root", 0), ("early", 1), ("grandchild", 2), ("late", 1)]
    assert drawn("grandchild") == drawn("root") == drawn("late", "early") == whole


def test_a_run_without_forks_is_no_tree() -> None:
    assert drawn("alone") == drawn("unknown") == drawn() == []


def test_a_fork_whose_parent_is_gone_is_a_root_that_says_so() -> None:
    (branch,) = families(ORIGINS, ["orphan"])
    assert branch == Branch("orphan", origin("deleted", 5), orphaned=True)


def test_each_branch_knows_where_lines_to_its_siblings_go_on() -> None:
    lasts = {branch.run: branch.last for branch in families(ORIGINS, ["root"])}
    assert lasts == {"root": (), "early": (False,), "grandchild": (False, True), "late": (True,)}


def test_a_circle_of_damaged_files_ends() -> None:
    circle = {"a": origin("b", 1), "b": origin("a", 1)}
    assert sorted(branch.run for branch in families(circle, ["a"])) == ["a", "b"]
