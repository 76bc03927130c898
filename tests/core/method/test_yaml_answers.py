"""Instances in YAML, with their texts as blocks below the names."""

import pytest

from selfinstruct.core.method.parsing import parse_input_first
from tests.core.method.test_json_answers import rows

SOUP = ("The soup was cold.", "negative", "kept")


@pytest.mark.parametrize("output_first", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("input: |\n  The soup was cold.\noutput: |\n  negative", id="literal"),
        pytest.param("input: >\n  The soup\n  was cold.\noutput: >-\n  negative", id="folded"),
        pytest.param("input: |-\n  The soup was cold.\noutput: |+\n  negative\n\n", id="what ends it"),
        pytest.param("input: The soup was cold.\noutput: |\n  negative", id="one block"),
        pytest.param("input: |\n  The soup was cold.\noutput: 'negative'", id="quoted"),
        pytest.param("output: |\n  negative\ninput: |\n  The soup was cold.", id="output first"),
        pytest.param("class_label: |\n  negative\ninput: |\n  The soup was cold.", id="label"),
        pytest.param("- input: |\n    The soup was cold.\n  output: |\n    negative", id="in a list"),
        pytest.param(
            "instances:\n  - input: |\n      The soup was cold.\n    output: |\n      negative", id="as asked"
        ),
        pytest.param(
            "```yaml\ninput: |\n  The soup was cold.\noutput: |\n  negative\n```\nI hope this helps!",
            id="fenced",
        ),
        pytest.param(
            "Here you go:\n\ninput: |\n  The soup was cold.\noutput: |\n  negative\n\nI hope this helps!",
            id="remarks",
        ),
        pytest.param(
            "input: |\n  The soup was cold.\noutput: |\n  negative\n\n"
            "Task: Sing.\ninput: |\n  a\noutput: |\n  b",
            id="another task",
        ),
        pytest.param(
            "Task: Tell the mood.\ninput: |\n  The soup was cold.\noutput: |\n  negative", id="the task again"
        ),
    ],
)
def test_texts_in_blocks_are_read_without_their_marks(text: str, output_first: bool) -> None:
    assert rows(text, output_first=output_first) == [SOUP]


@pytest.mark.parametrize(
    "text",
    [
        "Example 1:\n  input: |\n    a\n  output: |\n    b\n"
        "Example 2:\n  input: |\n    c\n  output: |\n    d",
        "- input: |\n    a\n  output: |\n    b\n- input: |\n    c\n  output: |\n    d",
        "input: |\n  a\noutput: |\n  b\n---\ninput: |\n  c\noutput: |\n  d",
        "Example 1\ninput: |\n  a\noutput: |\n  b\n\nExample 2\ninput: |\n  c\noutput: |\n  d",
        "- id: 1\n  input: |\n    a\n  output: |\n    b\n- id: 2\n  input: |\n    c\n  output: |\n    d",
    ],
)
def test_several_instances_in_blocks_are_told_apart(text: str) -> None:
    assert rows(text) == [("a", "b", "kept"), ("c", "d", "kept")]


@pytest.mark.parametrize(
    ("text", "given", "output"),
    [
        ("input: |\n  def f(x):\n      return x\noutput: |\n  ok", "def f(x):\n    return x", "ok"),
        ("input: |\n  Input: is a word.\n  - one\noutput: |\n  y", "Input: is a word.\n- one", "y"),
        ("input: |\n  one\n\n  two\noutput: >\n  three\n  four\n\n  five", "one\n\ntwo", "three four\nfive"),
        ("Input: x\nOutput: run: |\n  echo", "x", "run: |\n  echo"),
    ],
)
def test_the_lines_of_a_block_are_those_that_the_model_wrote(text: str, given: str, output: str) -> None:
    assert rows(text) == [(given, output, "kept")]


@pytest.mark.parametrize("output_first", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("input: |\n  a\noutput: |\n  First.\nSecond paragraph.", id="text below a block"),
        pytest.param("input: |\n  a\noutput: |\n  First.\n# Title", id="a heading below a block"),
        pytest.param("input: >\nThe soup\noutput: >\nnegative", id="not indented"),
        pytest.param("Output: |\n| a | b |\n|---|---|\n| 1 | 2 |", id="a table that is not indented"),
        pytest.param("input: |\n  a\noutput: b\n  and more", id="a text that goes on"),
        pytest.param("**Input:** |\n  a\n**Output:** |\n  b", id="bold names"),
        pytest.param("Input: x\nOutput:\n```yaml\ninput: |\n  y\n```", id="blocks inside an output"),
    ],
)
def test_blocks_whose_end_is_not_certain_are_unreadable(text: str, output_first: bool) -> None:
    assert {state for _, _, state in rows(text, output_first=output_first)} == {"unreadable"}


@pytest.mark.parametrize(
    ("code", "names"),
    [("es", "entrada salida"), ("ja", "入力 出力"), ("ko", "입력 출력"), ("zh", "输入 输出")],
)
def test_names_of_each_language_have_blocks(code: str, names: str) -> None:
    given, output = names.split()
    text = f"{given}: |\n  a\n{output}: |\n  b"
    assert [(one.input, one.output, one.fault) for one in parse_input_first(text, code)] == [("a", "b", None)]


@pytest.mark.parametrize("output", ["'Tis a fish.", '"Cod" is one.', "Rock'n'roll", '"a" and "b"', "'"])
def test_a_value_that_is_not_in_quotation_marks_as_a_whole_keeps_them(output: str) -> None:
    assert rows(f"input: |\n  cod\noutput: {output}") == [("cod", output, "kept")]


def test_a_value_in_quotation_marks_has_none_and_its_escapes_are_read() -> None:
    assert rows("input: |\n  cod\noutput: 'It''s a fish.'") == [("cod", "It's a fish.", "kept")]
    assert rows('input: |\n  cod\noutput: "a\\tfish"') == [("cod", "a\tfish", "kept")]
