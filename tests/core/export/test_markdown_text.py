"""Whatever a text holds, Markdown shows it and does nothing else."""

import pytest
from markdown_it import MarkdownIt

from selfinstruct.core.export.markdown_text import markdown_text
from tests.hostile import TEXTS

PLAIN = {"inline", "text", "text_special", "thead_open", "thead_close", "tbody_open", "tbody_close"}
PLAIN |= {f"{cell}_{side}" for cell in ("tr", "th", "td") for side in ("open", "close")}


@pytest.mark.parametrize(
    "text", ["gpt-4o-mini", "llama3.1", "Ana Núñez", "日本語", "a (b), c; d/e 50 %", "2026-12-01"]
)
def test_plain_names_stay_as_they_are(text: str) -> None:
    assert markdown_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS.values(),
        "[a](https://evil.example)",
        "![a](x.png)",
        "<script>alert(1)</script>",
        "<https://evil.example>",
        "https://evil.example/x",
        "www.evil.example",
        "me@evil.example",
        "&lt;b&gt; &copy;",
        "a | b | c",
        "# title",
        "1. one",
        "12) twelve",
        "- item",
        "+ item",
        "* item",
        "> quote",
        "---",
        "===",
        "***",
        "```",
        "~~~",
        "~~gone~~",
        "**bold** _it_ `code`",
        "[^1]: note",
        "[x]: https://evil.example",
        "line\n\n# title\n- item",
        "a  \nb",
        "back\\slash\\",
        ":smile: $x$ $$y$$",
        "",
    ],
)
def test_marks_are_shown_and_have_no_effect(text: str) -> None:
    escaped = markdown_text(text)
    assert "\n" not in escaped
    reader = MarkdownIt("gfm-like", {"linkify": False})
    for source in (escaped, f"- {escaped}", f"| a |\n| --- |\n| {escaped} |"):
        kinds = {child.type for token in reader.parse(source) for child in [token, *(token.children or [])]}
        assert {
            kind for kind in kinds if not kind.startswith(("paragraph", "table", "bullet", "list"))
        } <= PLAIN
        assert sum(token.type == "list_item_open" for token in reader.parse(source)) == source.startswith(
            "- "
        )
        cells = [token.type for token in reader.parse(source)].count("td_open")
        assert cells == (1 if source.startswith("|") else 0)


def test_an_address_is_no_link() -> None:
    assert markdown_text("https://a.example www.a.example me@a.example") == (
        r"https\://a.example www\.a.example me\@a.example"
    )


def test_invisible_and_bidirectional_characters_are_left_out() -> None:
    assert markdown_text("a\u202eb\u200bc\x1b[31md\ufeff") == r"abc\[31md"
