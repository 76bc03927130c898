"""What stands in a comment, in a text of a program or in a block of code begins no field and no item."""

import pytest

from selfinstruct.core.method import parse_proposals
from tests.core.method.test_rows import NAMES, read

BLOCKS = [
    ("<!--", "-->"),
    ("{-", "-}"),
    ("--[[", "]]"),
    ("=begin", "=end"),
    ("<#", "#>"),
    ("(*", "*)"),
    ("%{", "%}"),
    ("#|", "|#"),
    ("{#", "#}"),
    ("/*", "*/"),
    ('"""', '"""'),
    ("cat <<EOF", "EOF"),
    ("const page = `", "`;"),
]

in_blocks = pytest.mark.parametrize(("opening", "closing"), BLOCKS)
in_all_languages = pytest.mark.parametrize("code", NAMES)


@in_blocks
@in_all_languages
def test_fields_in_a_comment_or_a_string_are_part_of_it(code: str, opening: str, closing: str) -> None:
    first, second, label = NAMES[code]
    program = f"{opening}\n{first}: none\n{second}: page\n{closing}\nend"
    for gap in (" ", "\n"):
        assert read(f"{first}: a page\n{second}:{gap}{program}", code) == ([("a page", program)], set())
    labelled = f"{opening}\n{label}: x\n{first}: y\n{closing}\nend"
    rows, _ = read(f"{label}: page\n{first}:\n{labelled}", code, output_first=True)
    assert rows == [(labelled, "page")]


@in_blocks
def test_a_comment_that_is_never_closed_is_only_text(opening: str, closing: str) -> None:
    del closing
    answer = f"Input: a page\nOutput: x\n\nInput: {opening}\nOutput: y"
    rows, _ = read(answer)
    assert ("a page", "x") in rows


def test_a_field_beside_the_opening_mark_of_a_comment_is_part_of_it() -> None:
    answer = "Input: x\nOutput: let f = 1\n(* Input: a\nOutput: b *)\nf"
    assert read(answer) == ([("x", "let f = 1\n(* Input: a\nOutput: b *)\nf")], set())


def test_an_item_in_a_comment_is_part_of_the_task_above_it() -> None:
    text = "9. Fix this page:\n<!--\n10. old text\n-->\n<p>hi</p>\n10. Name three rivers."
    read = parse_proposals(text, cut=False, continues_item=False)
    assert read == ["Fix this page: <!-- 10. old text --> hi", "Name three rivers."]


@in_all_languages
@pytest.mark.parametrize(
    "around",
    [
        "The program prints this:\n```text\n{}\n```\nas expected.",
        "1. Run the program:\n   ```\n{}\n   ```\n2. Check the result.",
        "A run:\n```\n{}\n```\nprint",
    ],
)
def test_a_sample_run_in_the_middle_of_a_text_gives_no_row_of_its_own(code: str, around: str) -> None:
    first, second, _ = NAMES[code]
    text = around.format(f"{first}: 5\n{second}: 25")
    rows, reasons = read(text, code)
    assert rows == [("", text)] or (rows == [] and reasons)


def test_a_fence_around_all_instances_is_taken_off_with_what_is_said_around_it() -> None:
    for around in ("Here are some examples:\n```\n{}\n```\nI hope this helps!", "```\n{}\n```"):
        assert read(around.format("Input: 5\nOutput: 25")) == ([("5", "25")], set())


@in_all_languages
@pytest.mark.parametrize(
    "program",
    [
        "n = int(input())\nprint(n*n)\n\n# {i}: 5\n# {o}: 25",
        "# {i}: radius\n# {o}: area\ndef area(r):\n    return 3.14*r**2",
        "def f(x):\n    # {i}: a\n    # {o}: b\n    return x",
        "```python\nn = int(input())\nprint(n*n)\n```\n\nSample run:\n{i}: 5\n{o}: 25",
    ],
)
def test_comments_of_a_program_and_its_sample_run_give_no_row_of_their_own(code: str, program: str) -> None:
    first, second, _ = NAMES[code]
    text = program.format(i=first, o=second)
    rows, reasons = read(text, code)
    assert rows == [("", text)] or (rows == [] and reasons)


@in_all_languages
def test_headings_with_their_values_beside_them_are_fields_where_there_is_no_program(code: str) -> None:
    first, second, _ = NAMES[code]
    answer = f"# {first}: Rome\n# {second}: Italy\n\n# {first}: Oslo\n# {second}: Norway"
    assert read(answer, code) == ([("Rome", "Italy"), ("Oslo", "Norway")], set())
