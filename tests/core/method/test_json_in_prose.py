"""JSON answers behind a heading, in another task, with members or quotation marks of their own."""

import json

import pytest

from selfinstruct.core.language.registry import known
from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import (
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)

in_every_language = pytest.mark.parametrize("code", known())
in_either_order = pytest.mark.parametrize("output_first", [False, True])
HEADINGS = [
    "Output: ",
    "Answer: ",
    "Here is the JSON: ",
    "Sure! ",
    "- ",
    "1. ",
    "`",
    "出力: ",
    "以下是JSON：",
]
ROW = '{"instances": [{"input": "2 + 2", "output": "4"}]}'
TASKS = '{"instructions": ["Name a river.", "Say why."]}'


def proposals(text: str) -> list[str]:
    return parse_proposals(text, cut=False, continues_item=False)


def rows(text: str, *, output_first: bool = False) -> list[tuple[str, str, str]]:
    """Input, output and state (or reason) of each instance."""
    parsed = (parse_output_first if output_first else parse_input_first)(text)
    made = keep_or_drop(parsed, cut=False)
    return [(one.input, one.output, one.reason.code if one.reason else one.state) for one in made]


@in_every_language
@pytest.mark.parametrize(
    "heading",
    [
        *HEADINGS,
        "Classification task: ",
        "**Classification:** ",
        "Tarea de clasificación: ",
        "是否为分类任务:",
        "分類タスクか: ",
        "분류 과제인가: ",
    ],
)
def test_the_label_in_json_counts_and_not_the_name_of_its_member(heading: str, code: str) -> None:
    assert parse_label(heading + '{"classification": "no"}', code) == "generation"
    assert parse_label(heading + '{"is_classification": true}', code) == "classification"
    assert parse_label(heading + "{'classification': 'no'}", code) == "generation"
    for cut in ('{"classification": "n', '{"classification', "{'classification': 'no"):
        assert parse_label(heading + cut, code) == "unknown"


def test_any_object_behind_a_heading_is_read_for_its_label() -> None:
    assert parse_label('Answer: {"answer": "no"}') == "generation"
    assert parse_label("Answer: {Yes}") == "classification"
    assert parse_label("Yes, {the labels are spam and ham}") == "classification"


def test_a_heading_without_an_answer_is_no_label() -> None:
    assert parse_label("Classification task:") == "unknown"
    assert parse_label("Classification task.") == "classification"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('{"classification": ["yes", "no"]}', "unknown"),
        ('{"classification": ["no", "no"]}', "generation"),
        ('["yes", "no"]', "unknown"),
        ('{"classification": "no"}\n{"classification": "yes"}', "unknown"),
        ('{"classification": "no"\n\nTask: x\n{"classification": "yes"}', "unknown"),
    ],
)
def test_labels_that_disagree_are_none(text: str, label: str) -> None:
    assert parse_label(text) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('No, it is open.\n\nTask: Is it spam?\n{"classification": "yes"}', "generation"),
        ('No.\n\nTask: Is it spam?\n{"label": "yes"}', "generation"),
        ("No.\n\nTask: Is it spam?\n{'classification': 'yes'}", "generation"),
        ('{"classification": "no"}\nTask: Is it spam? {"classification": "yes"}', "generation"),
        ('Hm.\n\nTask: Is it spam?\n{"classification": "yes"}', "unknown"),
        ('Yes!\n\nTask: Is it spam?\n{"classification": "no"}', "unknown"),
        ('Task: Is it spam?\n{"classification": "yes"}', "classification"),
        ('Sure!\n\nTask: Is it spam?\n{"classification": "yes"}', "classification"),
        (
            'Task: Sing.\nClassification task: No\n\nTask: Is it spam?\n{"classification": "yes"}',
            "generation",
        ),
    ],
)
def test_the_label_of_another_task_is_not_this_ones(text: str, label: str) -> None:
    assert parse_label(text) == label


@in_either_order
@pytest.mark.parametrize("heading", [*HEADINGS, "Class label: ", "Task: Add up. "])
def test_rows_in_json_behind_a_heading_are_rows_and_never_an_output(heading: str, output_first: bool) -> None:
    assert rows(heading + ROW, output_first=output_first) == [("2 + 2", "4", "kept")]
    assert rows(f'{heading}{{"data": {ROW}}}', output_first=output_first) == [("2 + 2", "4", "kept")]
    assert rows(heading + ROW.replace("inst", "Inst"), output_first=output_first) == [("2 + 2", "4", "kept")]


@in_either_order
@pytest.mark.parametrize(
    "text",
    [
        f"Output: {ROW}".replace('"', "'"),
        f"Output: {ROW}".replace('"', '\\"'),
        json.dumps(ROW),
        json.dumps({"instances": [{"input": "a", "output": ROW}]}),
        "Here is the JSON: " + ROW[len('{"instances": ') : -1],
        "Output: " + ROW[len('{"instances": [') : -2],
        'Output: {"instances": [{"id": 1}]}',
        'Output: "instances": [{"input": "a", "output": "x"}]',
        "instances:\n- input: a\n  output: x\n- input: b\n  output: y",
    ],
)
def test_no_output_is_kept_that_holds_rows_in_json(text: str, output_first: bool) -> None:
    assert [one[2] for one in rows(text, output_first=output_first)] == ["unreadable"]


def test_a_document_in_json_is_an_output() -> None:
    recipe = '{"name": "Pancakes", "instructions": ["Mix."]}'
    assert rows(f"Input: pancakes\nOutput: {recipe}") == [("pancakes", recipe, "kept")]
    plan = 'Plan\nTask: build\n{"step": 1}'
    assert rows(f"Input: a house\nOutput: {plan}") == [("a house", plan, "kept")]


def test_numbered_objects_are_rows() -> None:
    text = '1. {"input": "a", "output": "x"}\n2. {"input": "b", "output": "y"}'
    assert rows(text) == [("a", "x", "kept"), ("b", "y", "kept")]


OTHER = [
    '{"instances": [{"input": "", "output": "Rhine, Elbe"}]}',
    '[{"input": "", "output": "Rhine, Elbe"}]',
    "| Input | Output |\n|---|---|\n| Germany | Rhine, Elbe |",
]


@in_either_order
@pytest.mark.parametrize("other", [*OTHER, "Class label: big\nInput: Rhine", "Input: x\nOutput: y"])
def test_the_rows_of_another_task_are_not_this_ones(other: str, output_first: bool) -> None:
    text = f"The capital of France is Paris.\n\nTask: Name three rivers.\n{other}"
    assert rows(text, output_first=output_first) == [("", "The capital of France is Paris.", "unreadable")]


@in_either_order
@pytest.mark.parametrize("other", OTHER)
@pytest.mark.parametrize("own", ["Input: q\nOutput: r", '[{"input": "q", "output": "r"}]'])
def test_what_stands_before_another_task_is_read(own: str, other: str, output_first: bool) -> None:
    text = f"{own}\n\nTask: Name three rivers.\n{other}"
    assert rows(text, output_first=output_first) == [("q", "r", "kept")]
    assert rows(f"Task: Spell.\n{text}", output_first=output_first) == [("q", "r", "kept")]


@in_either_order
def test_what_follows_an_answer_in_json_is_not_of_this_task(output_first: bool) -> None:
    for other in (f"Task: Sing. {OTHER[0]}", f"Task: Sing.\n{OTHER[0]}", "Task: Sing.\nInput: x\nOutput: y"):
        assert rows(f"{ROW}\n{other}", output_first=output_first) == [("2 + 2", "4", "kept")]
    numbered = f"1. {ROW}\n2. {ROW.replace('2 + 2', '3 + 1')}"
    assert len(rows(numbered, output_first=output_first)) == 2


@in_either_order
def test_the_repeated_task_is_not_another_one(output_first: bool) -> None:
    for before in ("Task: Add up.\n", "Here you go:\n\n**Task:** Add up.\n\n"):
        assert rows(before + ROW, output_first=output_first) == [("2 + 2", "4", "kept")]


@pytest.mark.parametrize("heading", [*(one for one in HEADINGS if "出" not in one), "9. ", "Task 9: "])
def test_tasks_in_json_behind_a_heading_are_proposed_and_never_the_json(heading: str) -> None:
    assert proposals(heading + TASKS) == ["Name a river.", "Say why."]


def test_objects_in_a_numbered_list_are_tasks() -> None:
    for number in ("{}. ", "Task {}: "):
        lines = [
            number.format(n) + json.dumps({"instruction": task})
            for n, task in ((9, "Name a river."), (10, "Say why."))
        ]
        assert proposals("\n".join(lines)) == ["Name a river.", "Say why."]


def test_a_task_about_json_stays_or_is_left_out_and_never_gives_its_items() -> None:
    assert proposals('9. Mend this: {"instructions": ["Mix flour."]}\n10. Say why.') == ["Say why."]
    about = 'Mend this: {"name": "x", "instructions": ["Mix."]}'
    assert proposals(f"9. {about}\n10. Say why.") == [about, "Say why."]
    assert parse_proposals(' Mend this: {"instructions": ["Mix."]}', cut=False, continues_item=True) == []


IRONY = 'Explain what the word "irony" means.'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(f'["{IRONY}", "Say why."]', [], id="two in a line"),
        pytest.param(f'["{IRONY}"]', [IRONY], id="one in a line"),
        pytest.param(f'["Say why.", "{IRONY}", "Sing."]', ["Say why."], id="after a whole one"),
        pytest.param(f'[\n  "{IRONY}",\n  "Say why."\n]', [IRONY, "Say why."], id="one a line"),
        pytest.param(f'[\n  "Say why.",\n  "{IRONY}"\n]', ["Say why.", IRONY], id="last"),
        pytest.param('[\n  "Say "yes", "no" and "so".",\n  "Say why."\n]', ["Say why."], id="ambiguous"),
        pytest.param('["Explain “x", please.", "Say why."]', [], id="a comma after it"),
        pytest.param('["Say why." "Sing."]', [], id="no comma"),
        pytest.param(f'["Say why.", "{IRONY[:-8]}', ["Say why."], id="cut"),
    ],
)
def test_quotation_marks_that_are_not_escaped_give_no_half_task(text: str, found: list[str]) -> None:
    assert proposals(text) == found
    assert proposals(f'{{"instructions": {text}}}') == found


def test_a_list_of_json_without_its_beginning_gives_whole_tasks() -> None:
    assert proposals('  "Say \\"why\\".",\n  "Name a river."') == ['Say "why".', "Name a river."]


@in_either_order
def test_the_indentation_of_texts_in_json_stays(output_first: bool) -> None:
    code = "    return x\n    # y"
    text = json.dumps({"instances": [{"output": "\n \n" + code + "\n\n", "input": code}]})
    kept = code.strip() if output_first else code
    assert (
        keep_or_drop((parse_output_first if output_first else parse_input_first)(text), cut=False)[0].input
        == code
    )
    assert rows(text.replace(json.dumps(code), '"x"'), output_first=output_first) == [("x", kept, "kept")]


def test_lines_of_a_field_that_are_all_indented_stay_aligned() -> None:
    assert rows("Input: x\nOutput:\n    a = 1\n    b = 2") == [("x", "a = 1\nb = 2", "kept")]


@in_either_order
@pytest.mark.parametrize(
    "members",
    [
        {"context": "C"},
        {"input2": "C"},
        {"label": "another"},
        {"answer": "another"},
    ],
)
def test_a_row_is_dropped_where_a_part_of_it_has_no_place(
    members: dict[str, str], output_first: bool
) -> None:
    row = {"input": "b", **members, "output": "y"}
    text = json.dumps({"instances": [row, {"input": "d", "output": "z"}]})
    assert rows(text, output_first=output_first) == [
        ("", json.dumps(row), "unreadable"),
        ("d", "z", "kept"),
    ]


@in_either_order
@pytest.mark.parametrize(
    "members",
    [
        {"explanation": "C"},
        {"id": 3},
        {"example": 1},
        {"answer": "y"},
        {"context": ""},
        {"instruction": "Do."},
    ],
)
def test_what_only_explains_or_counts_a_row_is_left_out(
    members: dict[str, str | int], output_first: bool
) -> None:
    text = json.dumps({"instances": [{"input": "b", **members, "output": "y"}]})
    assert rows(text, output_first=output_first) == [("b", "y", "kept")]


def test_spaces_around_texts_make_no_other_row() -> None:
    texts = [("a", "x"), (" a", "x "), ("b", "y"), ("  b", "z")]
    text = json.dumps({"instances": [{"input": given, "output": output} for given, output in texts]})
    assert [one[2] for one in rows(text)] == ["kept", "duplicate", "contradiction", "contradiction"]
