"""Foreign text inside Markdown."""

from __future__ import annotations

import pytest

from pages.ui.markdown import JOINER, plain


def test_markdown_in_foreign_text_stays_text() -> None:
    assert plain("![a](b) *c* :red[d] $e$ `f` <g>") == r"!\[a\](b) \*c\* \:red\[d\] \$e\$ \`f\` \<g\>"


def test_entities_in_foreign_text_are_not_decoded() -> None:
    assert plain("a&lt;b & c") == r"a\&lt;b \& c"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("see http://a.example/b", r"see |http\://a.example/b"),
        ("HTTPS://a.example", r"|HTTPS\://a.example"),
        ("(www.a.example)", "(|www.a.example)"),
        ("mailto:a.b@c.example", r"mailto\:a.b|@c.example"),
        ("all-but-1:3@0.0001 @you a@b", r"all-but-1\:3@0.0001 @you a@b"),
    ],
)
def test_a_bare_address_is_no_link(address: str, shown: str) -> None:
    assert plain(address) == shown.replace("|", JOINER)
