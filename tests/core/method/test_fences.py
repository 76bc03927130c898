"""Fences around instances are removed, with the prose between them; fences inside of values stay."""

from itertools import product

import pytest

from selfinstruct.core.method import keep_or_drop, parse_input_first, parse_output_first
from selfinstruct.core.method.answer_lines import leaves_fence_open, without_wrapper
from selfinstruct.core.method.parsing import ParsedInstance
from tests.core.method.any_text import PAIRS, pairs

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


def test_code_in_a_fence_keeps_its_indentation_and_loses_the_fence() -> None:
    text = "Output:\n\n```python\n    x = 1\n\n    y = 2\n```\n"
    assert pairs(parse_input_first(text)) == [("", "    x = 1\n\n    y = 2")]


def test_blanks_on_the_lines_before_a_fence_do_not_make_it_part_of_the_output() -> None:
    assert pairs(parse_input_first("Input: a\nOutput: \n   \n```\nx\n```")) == [("a", "x")]


def test_a_fence_around_the_whole_answer_is_no_part_of_its_last_value() -> None:
    text = "```\n**Input:** x\n\n**Output:** y\n```"
    assert parse_input_first(text) == [ParsedInstance("x", "y")]
    text = "```text\nClass label: good\nInput: sun\n```"
    assert parse_output_first(text) == [ParsedInstance("sun", "good")]


@pytest.mark.parametrize("fence", ["```", "```text", "~~~"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param("Task: Sort.\nInput: cod\nOutput: fish", [("cod", "fish")], id="repeats the task"),
        pytest.param(
            "Task: Sort.\n\nInput: cod\nOutput: fish\nTask: Sing.\nInput: x\nOutput: y",
            [("cod", "fish")],
            id="repeats the task, and goes on with another",
        ),
        pytest.param("Input: n\nOutput:\n```python\nx = 1\n```", [("n", "x = 1")], id="ends in code"),
        pytest.param("\nInput: n\nOutput:\n```\nx = 1\n```\n", [("n", "x = 1")], id="code without a name"),
        pytest.param(
            "Input: n\nOutput: First:\n```python\nx = 1\n```\nand then\n```\ny\n```",
            [("n", "First:\n```python\nx = 1\n```\nand then\n```\ny\n```")],
            id="two blocks of code",
        ),
        pytest.param(
            "Input:\n```\nx = 1\n```\nOutput: an int\nInput: y\nOutput: a name",
            [("x = 1", "an int"), ("y", "a name")],
            id="code in an input",
        ),
        pytest.param(
            "Input: Mend:\n```\nx = 1\n```\nOutput: a type",
            [("Mend:\n```\nx = 1\n```", "a type")],
            id="code below a line of an input",
        ),
    ],
)
def test_a_fence_around_fields_is_taken_off_whatever_is_in_them(
    fence: str, answer: str, expected: list[tuple[str, str]]
) -> None:
    assert pairs(parse_input_first(f"{fence}\n{answer}\n{fence[:3]}")) == expected


@pytest.mark.parametrize("before", ["", "Sure! Here you are:\n\n"])
@pytest.mark.parametrize("after", ["", "\n\nI hope this helps!"])
def test_what_is_said_around_a_fenced_answer_is_no_part_of_it(before: str, after: str) -> None:
    text = f"{before}```\nInput: cod\nOutput: fish\n```{after}"
    assert pairs(parse_input_first(text)) == [("cod", "fish")]
    text = f"{before}```text\nClass label: fish\nInput: cod\n```{after}"
    assert pairs(parse_output_first(text)) == [("cod", "fish")]


def test_instances_that_have_a_fence_each_are_read_without_them() -> None:
    text = "```\nInput: cod\nOutput: fish\n```\n\n```\nInput: wren\nOutput: bird\n```\n\nDone."
    assert pairs(parse_input_first(text)) == PAIRS


def test_fields_after_a_block_of_code_are_read_with_the_code() -> None:
    text = "Input: n\nOutput:\n```yaml\ninput: x\n```\nInput: m\nOutput: y"
    assert pairs(parse_input_first(text)) == [("n", "input: x"), ("m", "y")]


def test_a_fence_that_is_never_closed_does_not_take_that_of_the_code() -> None:
    text = "```\nInput: n\nOutput:\n```python\nx = 1\n```"
    assert pairs(parse_input_first(text)) == [("n", "x = 1")]


def test_nothing_inside_a_fence_is_a_field() -> None:
    sample = "fish\n\nSample run:\n```\nInput: wren\nOutput: bird\n```"
    assert pairs(parse_input_first(f"Input: cod\nOutput: {sample}")) == [("cod", sample)]


def test_a_fence_around_labels_is_taken_off_with_code_in_their_inputs() -> None:
    text = "```\nTask: Sort.\nClass label: good\nInput:\n```python\nx = 1\n```\n```"
    assert pairs(parse_output_first(text)) == [("x = 1", "good")]


@pytest.mark.parametrize(
    "answer",
    [
        "```\nx\n```\nor\n```\ny\n```",
        "```python\nx\n```\nor\n```python\ny\n```",
        "```python\nx\n```\nor, as a table:\n\n~~~\na | b\n~~~",
    ],
)
def test_an_answer_that_is_blocks_of_code_and_text_between_is_kept_whole(answer: str) -> None:
    assert pairs(parse_input_first(answer)) == [("", answer)]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("```text\nSun.\nMoon.\n```", "Sun.\nMoon."),
        ("\n```\nSun.\n```  \n", "Sun."),
        ("~~~\nSun.\n\nMoon.\n~~~", "Sun.\n\nMoon."),
        ("````text\n```\nSun.\n```\n````", "```\nSun.\n```"),
        ("```text\nSun.\nMoon.", None),
        ("```text\nSun.\n```\nMoon.", None),
        ("```text\nSun.\n~~~", None),
        ("```text\n```", None),
        ("```python\nsun()\n```", None),
        ("```text\nSun.\n```\nMoon.\n```text\nStars.\n```", None),
        ("Sun.\nMoon.\nStars.", None),
    ],
)
def test_text_in_a_fence_of_its_own_loses_the_fence_and_anything_else_stays(
    text: str, without: str | None
) -> None:
    assert without_wrapper(text) == (text if without is None else without)
