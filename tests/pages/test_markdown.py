"""Foreign text inside Markdown."""

from __future__ import annotations

from pages.ui.markdown import plain


def test_markdown_in_foreign_text_stays_text() -> None:
    assert plain("![a](b) *c* :red[d] $e$ `f` <g>") == r"!\[a\](b) \*c\* \:red\[d\] \$e\$ \`f\` \<g\>"


def test_entities_in_foreign_text_are_not_decoded() -> None:
    assert plain("a&lt;b & c") == r"a\&lt;b \& c"
