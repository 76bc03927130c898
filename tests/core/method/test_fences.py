"""Fences around instances are removed, with the prose between them; fences inside of values stay."""

from itertools import product

import pytest

from selfinstruct.core.method import keep_or_drop, parse_input_first, parse_output_first
from selfinstruct.core.method.answer_lines import leaves_fence_open

WREN, COD = ("wren", "bird"), ("cod", "fish")
GAPS = {
    "nothing": "\n",
    "a blank line": "\n\n",
    "prose": "\nAnd another one:\n",
    "a number": "\n2.\n",
    "a rule": "\n\n---\n\n",
    "a heading": "\n\n**Example 2:**\n",
    "a heading with a title": "\n\n### Example 2: Fish\n\n",
}
BEFORE = {"nothing": "", "a greeting": "Sure! Here they are:\n\n", "a heading": "**Example 1:**\n"}
AFTER = {"nothing": "", "a remark": "\n\nI hope these help!"}


def input_first(row: tuple[str, str]) -> str:
    return f"Input: {row[0]}\nOutput: {row[1]}"


def output_first(row: tuple[str, str]) -> str:
    return f"Class label: {row[1]}\nInput: {row[0]}"


def fenced(text: str, opening: str = "```") -> str:
    return f"{opening}\n{text}\n```"


def kept(text: str, *, labels: bool = False) -> list[tuple[str, str]]:
    parsed = parse_output_first(text) if labels else parse_input_first(text)
    return [(one.input, one.output) for one in keep_or_drop(parsed, cut=False) if one.reason is None]


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize(("before", "gap", "after"), product(BEFORE, GAPS, AFTER))
def test_instances_with_a_fence_each_are_read_whatever_is_between(
    before: str, gap: str, after: str, labels: bool
) -> None:
    written = output_first if labels else input_first
    text = f"{BEFORE[before]}{fenced(written(WREN))}{GAPS[gap]}{fenced(written(COD))}{AFTER[after]}"
    assert kept(text, labels=labels) == [WREN, COD]


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```\n{wren}\n```\n```\n{cod}", id="the last fence is not closed"),
        pytest.param("```\n{wren}\n```\n\n{cod}", id="the last instance has no fence"),
        pytest.param("```text\n{wren}\n```\nAnother:\n```markdown\n{cod}\n```", id="fences of plain text"),
        pytest.param("Task: Say it.\n```\n{wren}\n\n{cod}\n```", id="below the task"),
    ],
)
def test_uneven_fences_around_instances_are_no_part_of_them(text: str, labels: bool) -> None:
    written = output_first if labels else input_first
    assert kept(text.format(wren=written(WREN), cod=written(COD)), labels=labels) == [WREN, COD]


CODE = "print(input())\n# Output: 25"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Input: 5\nOutput:\n```python\n{CODE}\n```", id="a fence of its own"),
        pytest.param(
            f"```\nInput: 5\nOutput:\n```python\n{CODE}\n```\n```", id="inside another with a language"
        ),
        pytest.param(
            f"```\nInput: 5\nOutput:\n```\n{CODE}\n```\n```", id="inside another without a language"
        ),
        pytest.param(f"```\nInput: 5\n```\nOutput:\n```\n{CODE}\n```", id="only the input has one besides"),
    ],
)
def test_code_in_a_fence_is_one_output(text: str) -> None:
    assert kept(text) == [("5", CODE)]


def test_a_sample_run_in_a_fence_inside_an_output_is_no_instance() -> None:
    output = "Run it like this:\n```\nInput: 5\nOutput: 25\n```\nIt prints the square of 5."
    assert kept(f"Input: squares\nOutput: {output}") == [("squares", output)]


def test_an_output_with_a_fence_that_is_not_closed_is_dropped_with_its_text() -> None:
    (one,) = keep_or_drop(parse_input_first("Input: 5\nOutput: Use this:\n```python\nprint(5)"), cut=False)
    assert one.reason is not None
    assert (one.reason.code, one.output) == ("unreadable", "Use this:\n```python\nprint(5)")


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("no fence", False),
        ("```\nx\n```", False),
        ("```\nx", True),
        ("x\n```", True),
        ("So: ```python\nx\n```", False),
        ("a `code` span, and ```three``` marks", False),
    ],
)
def test_a_fence_is_open_until_its_end(text: str, is_open: bool) -> None:
    assert leaves_fence_open(text) is is_open
