"""Answers to prompts that ask for JSON: read exactly, cut or whole, alone or in prose."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.language.registry import known
from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import (
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)

in_every_language = pytest.mark.parametrize("code", known())


def proposals(text: str, *, cut: bool = False) -> list[str]:
    return parse_proposals(text, cut=cut, continues_item=False)


def rows(text: str, *, cut: bool = False, output_first: bool = False) -> list[tuple[str, str, str]]:
    """Input, output and state (or reason) of each instance."""
    parsed = (parse_output_first if output_first else parse_input_first)(text)
    made = keep_or_drop(parsed, cut=cut)
    return [(one.input, one.output, one.reason.code if one.reason else one.state) for one in made]


ONE = '{"instances": [{"input": "2 + 2", "output": "4"}]}'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param('{"instructions": ["Name a river.", "Say why."]}', 2, id="as asked"),
        pytest.param('```json\n{"instructions": ["Name a river.",\n "Say why."]}\n```', 2, id="fenced"),
        pytest.param(
            '{"count": 2, "instructions": ["Name a river.", "Say why."]}', 2, id="another member first"
        ),
        pytest.param('{"instructions": ["Name a river.", "Say why."], "note": ["x"]}', 2, id="another list"),
        pytest.param('{"instructions": [{"instruction": "Name a river."}, "Say why."]}', 2, id="objects"),
        pytest.param('{"instructions": ["9. Name a river.", "10. Say why."]}', 2, id="numbered"),
        pytest.param(
            '<think>["no"]</think>{"instructions": ["Name a river.", "Say why."]}', 2, id="thoughts"
        ),
        pytest.param(
            "1. They want rivers.\n" * 40 + '{"instructions": ["Name a river.", "Say why."]}',
            2,
            id="long prose",
        ),
        pytest.param(
            '{"instructions": ["Name a river.", "Say why."]}\n\nTask: Sing.\n{"instructions": ["Sing."]}',
            2,
            id="another task",
        ),
        pytest.param('{"instructions": []}', 0, id="none"),
        pytest.param('{"instructions": null}', 0, id="null"),
        pytest.param("9. Name a river.\n10. Say why.", 2, id="text in spite of the request"),
    ],
)
def test_proposals_in_json_are_read(text: str, found: int) -> None:
    assert proposals(text) == ["Name a river.", "Say why."][:found]


@pytest.mark.parametrize(
    "text",
    [
        '{"instructions": ["Name a river.", "Say w',
        '{"instructions": ["Name a river.", "',
        '{"instructions": ["Name a river.",',
        '{"count": 8, "instructions": ["Name a river.", "Say',
        '```json\n{\n  "instructions": [\n    "Name a river.",\n    "Say',
    ],
)
def test_a_cut_list_gives_its_whole_items(text: str) -> None:
    assert proposals(text, cut=True) == ["Name a river."]


def test_a_list_that_is_whole_is_so_even_if_the_limit_was_reached() -> None:
    assert proposals('{"instructions": ["Name a river.", "Say why."]}', cut=True) == [
        "Name a river.",
        "Say why.",
    ]


@in_every_language
@pytest.mark.parametrize(
    ("text", "label"),
    [
        pytest.param('{"classification": "yes"}', "classification", id="yes"),
        pytest.param('{"classification": "no"}', "generation", id="no"),
        pytest.param('{"classification": true}', "classification", id="true"),
        pytest.param('{"classification": false}', "generation", id="false"),
        pytest.param('{\n  "classification": "no"\n', "generation", id="cut after it"),
        pytest.param('{"classification": "ye', "unknown", id="cut inside it"),
        pytest.param('{"classification": "perhaps"}', "unknown", id="neither"),
        pytest.param('{"classification": null}', "unknown", id="null"),
        pytest.param(
            '{"reason": "no label is fixed", "classification": "yes"}', "classification", id="reason"
        ),
        pytest.param(
            '{"reason": "no label is fixed", "classi', "unknown", id="cut inside the reason's object"
        ),
        pytest.param('{"classification": "no", "reason": "yes, it', "generation", id="cut inside a reason"),
        pytest.param('```json\n{"classification": "no"}\n```', "generation", id="fenced"),
        pytest.param('<think>yes</think>\n{"classification": "no"}', "generation", id="thoughts"),
        pytest.param("I see. " * 99 + '\n{"classification": "no"}', "generation", id="long prose"),
        pytest.param(
            '{"classification": "no"}\n\nTask: x\n{"classification": "yes"}', "generation", id="another task"
        ),
        pytest.param('{"classification": "no"}\n{"classification": "no"}', "generation", id="twice"),
        pytest.param("Yes", "classification", id="text in spite of the request"),
    ],
)
def test_labels_in_json_are_read(text: str, label: str, code: str) -> None:
    assert parse_label(text, code) == label


@pytest.mark.parametrize("output_first", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ONE, id="as asked"),
        pytest.param(f"```json\n{ONE}\n```", id="fenced"),
        pytest.param(f"Here you go:\n\n{ONE}\n\nI hope this helps!", id="prose"),
        pytest.param(f"<think>{ONE.replace('4', '5')}</think>{ONE}", id="thoughts"),
        pytest.param("Input: means a sum here. " * 30 + f"\n{ONE}", id="long prose with a field"),
        pytest.param(
            ONE + '\n\nTask: Sing.\n{"instances": [{"input": "", "output": "La"}]}', id="another task"
        ),
        pytest.param(ONE.replace("{", '{"task": "Add up.", ', 1), id="another member first"),
        pytest.param(ONE.replace('"4"', '"4", "explanation": "two and two"'), id="a member beside it"),
        pytest.param(ONE.replace('"4"', "4"), id="a number"),
        pytest.param(ONE.replace("[", "").replace("]", ""), id="no list"),
        pytest.param("Input: 2 + 2\nOutput: 4", id="text in spite of the request"),
    ],
)
def test_instances_in_json_are_read(text: str, output_first: bool) -> None:
    assert rows(text, output_first=output_first) == [("2 + 2", "4", "kept")]


@pytest.mark.parametrize("output_first", [False, True])
def test_a_cut_answer_gives_its_whole_instances(output_first: bool) -> None:
    text = json.dumps({"instances": [{"input": "a b", "output": "c"}, {"input": "d", "output": "efgh"}]})
    for end in range(text.index('{"input": "d"') + 1, text.index("efgh") + 4):
        found = rows(text[:end], cut=True, output_first=output_first)
        assert found[0] == ("a b", "c", "kept")
        assert [one[2] for one in found[1:]] == ["cut"]
    assert len(rows(text, cut=True, output_first=output_first)) == 2


@pytest.mark.parametrize("output_first", [False, True])
@pytest.mark.parametrize("fenced", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        '{"instances": []}',
        '{"instances": null}',
        '{"instances": ["a"]}',
        "{}",
        "[]",
        "[{}]",
        "[[]]",
        '{"data": null}',
        '{"examples": []}',
        '{"result": []}',
        '{"output": {"error": "no"}}',
        '{"error": "I cannot do that"}',
        '{"error": {"message": "no", "code": 3}}',
        '{"success": false, "errorMessage": "no"}',
        '[{"error": "no"}]',
    ],
)
def test_json_without_an_instance_is_never_an_output(text: str, fenced: bool, output_first: bool) -> None:
    written = f"```json\n{text}\n```" if fenced else text
    ((given, output, state),) = rows(written, output_first=output_first)
    assert (given, state) == ("", "unreadable")
    assert text in output


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("es", '{"rechazo": "No puedo", "código": 3}'),
        ("ja", '{"エラー": "できません"}'),
        ("ko", '{"오류": "할 수 없습니다"}'),
        ("zh", '{"错误": "无法完成", "code": 3}'),
        ("zh", '{"error": "无法完成", "消息": "无"}'),
    ],
)
def test_what_has_gone_wrong_is_known_by_the_names_of_each_language(code: str, text: str) -> None:
    (found,) = keep_or_drop(parse_input_first(text, code), cut=False)
    assert found.reason is not None
    assert found.reason.code == "unreadable"


@pytest.mark.parametrize(
    "text",
    [
        "Here you go: []",
        'Sure!\n{"error": "I cannot do that"}',
        '```json\n{"error": "no"}\n```\nI hope this helps!',
        "[]\n\nThere are no examples for this task.",
        '{"error": "I cannot',
    ],
)
def test_nor_is_it_with_a_remark_around_it_or_cut(text: str) -> None:
    assert [state for _, _, state in rows(text)] == ["unreadable"]


def test_of_two_examples_only_the_one_without_an_instance_is_dropped() -> None:
    assert [state for _, _, state in rows("Example 1\n[]\n\nExample 2\nHello")] == ["unreadable", "kept"]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('Output: {"name": "Ann"}', ("", '{"name": "Ann"}')),
        ("Input: which are above 9?\nOutput: []", ("which are above 9?", "[]")),
        ('Input: a\nOutput: {"error": "not found"}', ("a", '{"error": "not found"}')),
        ('{"input": "a", "output": []}', ("a", "[]")),
        ('{"instances": [{"input": "", "output": "[]"}]}', ("", "[]")),
        ('{"name": "Ann", "age": 3}', ("", '{"name": "Ann", "age": 3}')),
        ('{"message": "Happy birthday, Ann!"}', ("", '{"message": "Happy birthday, Ann!"}')),
        ('{"status": "success", "message": "done"}', ("", '{"status": "success", "message": "done"}')),
        ('{"error": "x", "name": "Ann"}', ("", '{"error": "x", "name": "Ann"}')),
        ('["a", "b"]', ("", '["a", "b"]')),
        (
            "The function returns [] if nothing is found.",
            ("", "The function returns [] if nothing is found."),
        ),
        ("- [] buy milk\n- [] call Ann", ("", "- [] buy milk\n- [] call Ann")),
    ],
)
def test_json_that_a_task_asks_for_is_an_output(text: str, row: tuple[str, str]) -> None:
    assert rows(text) == [(*row, "kept")]


def test_instances_in_json_are_dropped_for_the_same_reasons_as_in_text() -> None:
    pairs = [("a", "1"), ("a", "1"), ("b", "[insert answer]"), ("", "N/A"), ("None", "x")]
    text = json.dumps({"instances": [{"input": given, "output": output} for given, output in pairs]})
    assert [one[2] for one in rows(text)] == ["kept", "duplicate", "placeholder", "placeholder", "kept"]
    assert rows(text)[-1][0] == ""


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
VALUES = st.one_of(
    TEXTS, st.sampled_from(["```sql\nSELECT 1;\n```", "> quoted", "Input: x\nOutput: y", "a\n---"])
)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_texts_in_json_are_those_that_the_model_wrote(
    pairs: list[tuple[str, str]], output_first: bool, fenced: bool
) -> None:
    instances = [
        {"output": output, "input": given} if output_first else {"input": given, "output": output}
        for given, output in pairs
    ]
    text = json.dumps({"instances": instances}, ensure_ascii=False)
    found = rows(f"```json\n{text}\n```" if fenced else text, output_first=output_first)
    assert len(found) == len(pairs)
    for pair, (read_input, read_output, state) in zip(pairs, found, strict=True):
        if state == "kept":
            assert read_output == (pair[1].strip() if output_first else pair[1])
            assert read_input in {pair[0], ""}


def test_a_string_of_one_task_stays_as_it_is_and_one_of_several_is_a_list() -> None:
    assert proposals('["1. Name a fish."]') == ["1. Name a fish."]
    assert proposals('["1. Name a fish.\\n2. Sing."]') == ["Name a fish.", "Sing."]


@pytest.mark.parametrize("text", ['[{"name": "cod"}] and\n{"q": "x"', '{"sea": "North"}\n{"sea": "Bal'])
def test_json_with_names_of_its_own_is_an_output_also_with_more_of_it_below(text: str) -> None:
    assert rows(text) == [("", text, "kept")]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (
            '{"reason": "It is a classification task because the outputs are of a fixed set"}',
            "classification",
        ),
        ('{"why": "It is a classification task, as its outputs are few", "answer": "no"}', "generation"),
        ('{"x": "maybe"}', "unknown"),
        ("{}", "unknown"),
    ],
)
def test_of_a_label_in_json_the_short_word_counts_and_else_the_sentence(text: str, label: str) -> None:
    assert parse_label(text) == label
