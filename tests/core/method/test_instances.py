"""Instances are read with the values the model gave them, however it decorates the fields."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from selfinstruct.core.method.parsing import ParsedInstance, parse_input_first, parse_output_first
from tests.core.method.any_text import ANY_TEXT, PAIRS, SENTENCE, pairs

INPUT_FIRST = [
    pytest.param("Input: cod\nOutput: fish\nInput: wren\nOutput: bird", id="plain"),
    pytest.param("**Input:** cod\n**Output:** fish\n\n**Input:** wren\n**Output:** bird", id="bold"),
    pytest.param("**Input**: cod\n**Output**: fish\n__Input:__ wren\n__Output__: bird", id="colon outside"),
    pytest.param("### Input\ncod\n\n### Output\nfish\n\n### Input:\nwren\n### Output:\nbird", id="headings"),
    pytest.param("INPUT: cod\nOUTPUT: fish\nINPUT: wren\nOUTPUT: bird", id="capitals"),
    pytest.param(
        "Input: cod\nClass label: fish\n\nInput: wren\nClass label: bird", id="labels in place of outputs"
    ),
    pytest.param("Input 1: cod\nOutput 1: fish\nInput 2: wren\nOutput 2: bird", id="numbered fields"),
    pytest.param("1. Input: cod\n   Output: fish\n2. Input: wren\n   Output: bird", id="numbered list"),
    pytest.param("- Input: cod\n  Output: fish\n- Input: wren\n  Output: bird", id="bullets"),
    pytest.param("> Input: cod\n> Output: fish\n> Input: wren\n> Output: bird", id="quoted lines"),
    pytest.param(
        "Input:\tcod\r\nOutput:fish\r\n\r\nInput:\r\nwren\r\nOutput:\r\nbird\r\n", id="CRLF, tab, none"
    ),
    pytest.param(
        "Example 1\nInput: cod\nOutput: fish\n\nExample 2\nInput: wren\nOutput: bird", id="Example 1, 2"
    ),
    pytest.param(
        "**Example 1:**\n\nInput: cod\nOutput: fish\n\n### Example 2\n\nInput: wren\nOutput: bird\nExample 3",
        id="decorated examples, one more begun",
    ),
    pytest.param(
        "Sure!\n\nInput: cod\nOutput: fish\n---\nInput: wren\nOutput: bird\n---", id="greeting, rules"
    ),
    pytest.param(
        "Input: cod\nOutput:\n```\nfish\n```\nInput: wren\nOutput: ```\nbird\n```", id="code fences"
    ),
    pytest.param("Task: Sort.\nInput: cod\nOutput: fish\nInput: wren\nOutput: bird", id="question repeated"),
    pytest.param(
        "Input: cod\nOutput: fish\nInput: wren\nOutput: bird\n\n**Task:** Sing.\nInput: x\nOutput: y",
        id="next task",
    ),
]


@pytest.mark.parametrize("text", INPUT_FIRST)
def test_inputs_and_outputs_are_found_however_they_are_decorated(text: str) -> None:
    assert pairs(parse_input_first(text)) == PAIRS


@pytest.mark.parametrize(
    "none",
    [
        "",
        "None",
        "none.",
        "N/A",
        "<noinput>",
        "(no input)",
        "[No input]",
        "*None*",
        "Empty",
        "Not applicable",
    ],
)
def test_an_input_that_says_there_is_none_is_empty(none: str) -> None:
    assert pairs(parse_input_first(f"Input: {none}\nOutput: fish")) == [("", "fish")]


def test_an_input_that_only_begins_like_none_stays() -> None:
    text = "Input: None of the boats came back.\nOutput: None"
    assert pairs(parse_input_first(text)) == [("None of the boats came back.", "None")]


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        pytest.param("Output: fish", ["fish"], id="field"),
        pytest.param("Output: fish\nOutput: bird", ["fish", "bird"], id="two fields"),
        pytest.param("Old pond,\n\na frog.", ["Old pond,\n\na frog."], id="no field at all"),
        pytest.param("\n  Old pond.\n", ["Old pond."], id="no field, blanks around"),
        pytest.param("Example 1\nOld pond.", ["Old pond."], id="no field but a heading"),
        pytest.param("", [], id="empty"),
        pytest.param(" \n\t\n", [], id="blank"),
    ],
)
def test_a_task_without_input_has_outputs_alone(text: str, outputs: list[str]) -> None:
    assert pairs(parse_input_first(text)) == [("", output) for output in outputs]


@pytest.mark.parametrize(
    "output",
    [
        pytest.param("port: 80\ninput: x\noutput: y", id="YAML"),
        pytest.param("steps:\n  - input: x\n  - output: y\nend", id="nested YAML"),
        pytest.param("These differ:\nInput and output are two things.", id="prose"),
        pytest.param("Two kinds:\n\nOutputs: many\nTasks: few", id="plurals"),
        pytest.param("A metaphor.\nExample: Time is a thief.", id="Example: in prose"),
        pytest.param("A metaphor.\n\n### Example\nTime is a thief.", id="a heading Example in prose"),
        pytest.param("See\nExample 2 of the book.", id="Example 2 of"),
        pytest.param("First line.\n\nSecond paragraph.\n    indented", id="paragraphs"),
        pytest.param("Before:\n```\nx\n```\nAfter:\n```\ny\n```", id="fences within"),
        pytest.param("```\nx\n```\nor\n```\ny\n```", id="a fence first and another last"),
    ],
)
def test_an_output_is_kept_whole(output: str) -> None:
    text = f"Input: a\nb\n\nc\nOutput: {output}\n\nInput: d\nOutput: e"
    assert pairs(parse_input_first(text)) == [("a\nb\n\nc", output), ("d", "e")]


def test_lines_of_a_value_end_alike_whatever_the_server_sends() -> None:
    text = "Input: a\r\nb\r\n\r\nOutput: c\r\nd\r\n"
    assert pairs(parse_input_first(text)) == [("a\nb", "c\nd")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Input: a\nOutput: b\nInput: a\nOutput: c", [("a", "b"), ("a", "c")], id="two outputs"),
        pytest.param("Input: a\nOutput: b\nOutput: c", [("a", "b"), ("a", "c")], id="two for one input"),
        pytest.param("Input: a\nInput: b\nOutput: c", [("a", ""), ("b", "c")], id="input without output"),
        pytest.param("Input: a\nOutput: b\nInput: c", [("a", "b"), ("c", "")], id="last output missing"),
        pytest.param("Input: a\nOutput:\n```\n```", [("a", "")], id="empty fence"),
    ],
)
def test_nothing_is_made_up_where_something_is_missing(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(parse_input_first(text)) == expected


OUTPUT_FIRST = [
    pytest.param("Class label: fish\nInput: cod\nClass label: bird\nInput: wren", id="plain"),
    pytest.param("Class Label: fish\nInput: cod\n\nCLASS LABEL: bird\nINPUT: wren", id="capitals"),
    pytest.param("**Class label:** fish\n**Input:** cod\n**Label**: bird\n**Input**: wren", id="bold"),
    pytest.param("Label: fish\nInput: cod\nOutput: bird\nInput: wren", id="other names"),
    pytest.param("- Class label: fish\n  Input: cod\n- Class label: bird\n  Input: wren", id="bullets"),
    pytest.param("1. Class label: fish\n   Input: cod\n2. Class label: bird\n   Input: wren", id="numbers"),
    pytest.param(
        "### Class label\nfish\n### Input\ncod\n### Class label\nbird\n### Input\nwren", id="headings"
    ),
    pytest.param("Class label 1: fish\nInput 1: cod\nClass label 2: bird\nInput 2: wren", id="numbered"),
    pytest.param(
        "Possible labels: x\n\nClass label: fish\nInput: cod\nLabel: bird\nInput: wren", id="preface"
    ),
    pytest.param(
        "Input: cod\nClass label: fish\n\nInput: wren\nClass label: bird", id="input first after all"
    ),
    pytest.param("Task: Sort.\nClass label: fish\nInput: cod\nClass label: bird\nInput: wren", id="repeated"),
    pytest.param(
        "Class label: fish\nInput: cod\nLabel: bird\nInput: wren\nTask: x\nLabel: y", id="next task"
    ),
]


@pytest.mark.parametrize("text", OUTPUT_FIRST)
def test_labels_and_their_inputs_are_found_however_they_are_decorated(text: str) -> None:
    assert pairs(parse_output_first(text)) == PAIRS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Class label: x\n\nClass label: y\nInput: b", [("", "x"), ("b", "y")], id="no input"),
        pytest.param("Class label: x\nInput: None", [("", "x")], id="input says none"),
        pytest.param("Class label: x\nInput: a\nb\n\nc", [("a\nb\n\nc", "x")], id="multi-line input"),
        pytest.param("Class label: x\nInput: a\nlabel: b", [("a\nlabel: b", "x")], id="YAML in an input"),
        pytest.param("", [], id="empty"),
    ],
)
def test_a_label_is_only_given_to_the_input_below_it(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(parse_output_first(text)) == expected


@given(ANY_TEXT)
@example("```\n\n```")
def test_any_text_gives_instances_without_blank_lines_around(text: str) -> None:
    for instance in parse_input_first(text) + parse_output_first(text):
        assert instance.input == instance.input.strip("\n")
        assert instance.output == instance.output.strip("\n")


@given(
    st.lists(st.tuples(SENTENCE, SENTENCE), min_size=1, max_size=6),
    st.sampled_from(["{}:", "**{}:**", "### {}\n", "- {}:", "{}:\n"]),
    st.sampled_from(["\n", "\n\n"]),
)
def test_every_pair_is_found_in_its_order(written: list[tuple[str, str]], form: str, gap: str) -> None:
    def lines(first: str, second: str, *, turned: bool) -> str:
        return gap.join(
            f"{form.format(first)} {one}{gap}{form.format(second)} {other}"
            for one, other in (pair[::-1] if turned else pair for pair in written)
        )

    assert pairs(parse_input_first(lines("Input", "Output", turned=False))) == written
    assert pairs(parse_output_first(lines("Class label", "Input", turned=True))) == written


def test_an_output_may_speak_of_numbered_tasks() -> None:
    text = "Input: a plan\nOutput: First:\nTask 1: wash\nTask 2: dry"
    assert parse_input_first(text) == [ParsedInstance("a plan", "First:\nTask 1: wash\nTask 2: dry")]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        pytest.param(
            "ja", "例1\n入力： a\n出力： b\n\n例２\n入力： c\n出力： d", id="full-width colons and digits"
        ),
        pytest.param(
            "ja", "**例 1**\n**入力：** a\n**出力：** b\n\n**例 2**\n**入力**：c\n**出力**：d", id="bold"
        ),
        pytest.param("zh", "【示例1】\n【输入】a\n【输出】b\n【示例2】\n【输入】c\n【输出】d", id="brackets"),
        pytest.param(
            "zh", "示例 1：\n输入: a\n输出结果: b\n示例 2：\n输入内容: c\n输出: d", id="other names"
        ),
        pytest.param("ko", "예시 1\n입력: a\n출력: b\n예시 2\n입력: c\n출력: d", id="Korean"),
        pytest.param("ko", "Example 1\nInput: a\nOutput: b\nExample 2\nInput: c\nOutput: d", id="English"),
        pytest.param(
            "es", "Ejemplo 1\nEntrada: a\nSalida: b\n\n### Ejemplo 2\nENTRADA: c\nSALIDA: d", id="Spanish"
        ),
    ],
)
def test_instances_in_another_language_are_read(language: str, text: str) -> None:
    assert pairs(parse_input_first(text, language)) == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "分類ラベル：b\n入力：a\n\nラベル： d\n入力： c"),
        ("zh", "类别：b\n输入：a\n【类别】d\n【输入】c"),
        ("ko", "분류: b\n입력: a\n분류: d\n입력: c"),
        ("es", "Etiqueta: b\nEntrada: a\nEtiqueta de clase: d\nEntrada: c"),
    ],
)
def test_labels_with_their_inputs_are_read_in_the_language(language: str, text: str) -> None:
    assert pairs(parse_output_first(text, language)) == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize(
    ("language", "none"),
    [("ja", "なし"), ("ja", "（なし）"), ("zh", "无。"), ("ko", "없음"), ("es", "Ninguna."), ("ko", "N/A")],
)
def test_no_input_is_said_in_the_language(language: str, none: str) -> None:
    names = {
        "ja": ("入力", "出力"),
        "zh": ("输入", "输出"),
        "ko": ("입력", "출력"),
        "es": ("Entrada", "Salida"),
    }[language]
    assert pairs(parse_input_first(f"{names[0]}: {none}\n{names[1]}: x", language)) == [("", "x")]


def test_what_only_looks_like_a_field_stays_text() -> None:
    text = "出力: 手順は次のとおり。\n入力した値を確かめる。\n例えば、三を選ぶ。"
    assert pairs(parse_input_first(text, "ja")) == [
        ("", "手順は次のとおり。\n入力した値を確かめる。\n例えば、三を選ぶ。")
    ]
