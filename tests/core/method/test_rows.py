"""The rows of an answer are its own, in every form; what cannot be told apart is dropped with a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfinstruct.core.method import keep_or_drop, parse_input_first, parse_output_first
from tests.core.method.answers import Answer, Row, answers, value_alone

Kept = list[Row]


def read(
    text: str, code: str = "en", *, output_first: bool = False, cut: bool = False
) -> tuple[Kept, set[str]]:
    """The rows that are kept, and the codes of the reasons of the others."""
    parse = parse_output_first if output_first else parse_input_first
    made = keep_or_drop(parse(text, code), cut=cut)
    rows = [(one.input, one.output) for one in made if one.state == "kept"]
    return rows, {one.reason.code for one in made if one.reason is not None}


def check(answer: Answer, share: float | None) -> None:
    """Nothing but known rows is kept, none of them is truncated, and a row is missing only for a reason."""
    text = answer.text if share is None else answer.text[: max(1, round(len(answer.text) * share))]
    rows, reasons = read(text, answer.language, output_first=answer.output_first, cut=share is not None)
    kept = [(value_alone(one), value_alone(two)) for one, two in rows]
    assert all(row in answer.rows for row in kept), (text, kept)
    assert kept == [row for row in answer.rows if row in kept], (text, kept)
    if share is None:
        assert kept == answer.rows or reasons, (text, kept)
        assert kept == answer.rows or not answer.plain, (text, kept)


SHARE = st.none() | st.floats(0.02, 1)


@given(answer=answers(), share=SHARE)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_an_answer_gives_its_own_rows_or_a_reason_and_never_others(
    answer: Answer, share: float | None
) -> None:
    check(answer, share)


@pytest.mark.slow
def test_no_answer_in_thousands_gives_a_row_that_is_not_its_own(pytestconfig: pytest.Config) -> None:
    drawn = 10_000 if pytestconfig.getoption("--every-fault") else 2000

    @given(answer=answers(), share=SHARE)
    @settings(max_examples=drawn, deadline=None)
    def gives_no_other(answer: Answer, share: float | None) -> None:
        check(answer, share)

    gives_no_other()


NAMES = {
    "en": ("Input", "Output", "Class label"),
    "es": ("Entrada", "Salida", "Etiqueta"),
    "ja": ("入力", "出力", "分類ラベル"),
    "ko": ("입력", "출력", "분류"),
    "zh": ("输入", "输出", "类别"),
}
COD, WREN = ("cod", "fish"), ("wren", "bird")
in_all_languages = pytest.mark.parametrize("code", NAMES)


@in_all_languages
@pytest.mark.parametrize(
    "form",
    [
        "📥 {name}: {value}",
        "**📤 {name}:** {value}",
        "✅ {name}: {value}",
        "» {name}: {value}",
        "— {name}: {value}",
        "a) {name}: {value}",
        "(b) {name}: {value}",
        "{name} #{n}: {value}",
        "{name} -> {value}",
        "{name} → {value}",
        "**{name}** - {value}",
        "**{name}** → {value}",
        "{name}:: {value}",
        "{name}﹕ {value}",
        "「{name}」\n{value}",
        "\u200b{name}: {value}",
        "\u00a0{name}: {value}",
        "> **{name}:** {value}\n>",
    ],
)
def test_a_name_is_read_in_more_decorations(form: str, code: str) -> None:
    first, second, _ = NAMES[code]
    text = "\n\n".join(
        f"{form.format(name=first, value=one, n=n)}\n{form.format(name=second, value=two, n=n)}"
        for n, (one, two) in enumerate((COD, WREN), start=1)
    )
    assert read(text, code) == ([COD, WREN], set())
    assert read(f"\ufeff{text}", code) == ([COD, WREN], set())


@in_all_languages
@pytest.mark.parametrize(
    "form",
    [
        "{name} | {value}",
        "{name}\t{value}",
        "{name}~ {value}",
        "{name}... {value}",
        '"{name}": "{value}"',
        "[[{name}]] {value}",
        "{{{name}}}: {value}",
        "<b>{name}:</b> {value}<br>",
        "<p>{name}: {value}</p>",
        "\\textbf{{{name}:}} {value}",
        "=== {name} ===\n{value}",
        "--{name}--\n{value}",
        "| {name} | {value} |",
        "({name}: {value})",
    ],
)
def test_names_in_a_form_that_is_not_known_are_no_output(form: str, code: str) -> None:
    first, second, _ = NAMES[code]
    lines = [form.format(name=name, value=value) for name, value in ((first, "cod"), (second, "fish"))]
    for gap in ("\n", "\n\n"):
        assert read(gap.join(lines), code) == ([], {"unreadable"})
        assert read(f"```\n{gap.join(lines)}\n```", code) == ([], {"unreadable"})


def test_names_in_a_form_that_is_not_known_are_no_output_around_code_or_below_a_title() -> None:
    code = "<b>Input:</b> cod\n<b>Output:</b> Use this:\n\n```python\nx = 1\n```\n\nIt prints nothing."
    assert read(f"```\n{code}\n```") == ([], {"unreadable"})
    begun = "<b>Input text:</b> ```python\nx = 1\n```\nAnswer: cod\n<b>Input text:</b> wren\nAnswer: bird"
    assert read(begun) == ([], {"unreadable"})
    titled = "## Example 1: Fish\n\n<b>Class label:</b> bird\n## Input:\nwren"
    assert read(titled, output_first=True) == ([], {"unreadable"})


@pytest.mark.parametrize(
    "text",
    [
        "Input devices feed a computer.\n\nOutput devices show what it makes of that.",
        "inputs = 3\noutput = inputs * 2",
        "Two words:\nInput-driven\nOutput-driven",
        "| Device | Kind |\n|---|---|\n| Mouse | Input |\n| Screen | Output |",
        "A is for apple.\nQ is for quince.",
        "Ann: Hello!\nBo: Hello, Ann.",
        "Goal: Learn.\n\nTask: Write a page.",
        "1. Fish\n2. Birds\n3. Trees",
        "User guide\n\n1. Turn it on.\n2. Wait.",
        "The cod -> a fish\nThe wren -> a bird",
    ],
)
def test_a_text_that_only_speaks_of_inputs_and_outputs_is_one_output(text: str) -> None:
    assert read(text) == ([("", text)], set())


@in_all_languages
@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ("{o}: fish\n{i}: cod\n\n{o}: bird\n{i}: wren", [COD, WREN]),
        ("**{o}:** fish\n**{i}:** cod\n\n**{o}:** bird\n**{i}:** wren", [COD, WREN]),
        ("1.\n{o}: fish\n{i}: cod\n2.\n{o}: bird\n{i}: wren", [COD, WREN]),
        ("{o}: fish\n\n{i}: cod", []),
        ("{o}: fish\n{i}: cod\n{o}: bird\n{i}: wren", []),
        ("{i} 1: cod\n{i} 2: wren\n{o}: animals", []),
        ("{i}: cod\n{i}: wren\n{o}: fish\n{o}: bird", []),
        ("{i}: cod\n{o} 1: fish\n{o} 2: food\n\n{i}: wren\n{o}: bird", [WREN]),
        ("{i}: cod\n{o}: fish\n\n{o}: food", []),
    ],
)
def test_inputs_and_outputs_that_do_not_take_turns_are_not_crossed(form: str, kept: Kept, code: str) -> None:
    given_name, output_name, _ = NAMES[code]
    rows, reasons = read(form.format(i=given_name, o=output_name), code)
    assert rows == kept
    assert bool(reasons) == (len(kept) < 2)


@pytest.mark.parametrize(
    ("code", "name"), [("en", "Sentence"), ("es", "Frase"), ("ja", "文"), ("ko", "문장"), ("zh", "句子")]
)
@pytest.mark.parametrize("heading", ["", "{n}.\n"])
def test_an_input_with_a_name_of_its_own_may_stand_above_its_label(
    code: str, name: str, heading: str
) -> None:
    label = NAMES[code][2]
    for form in ("{}: {}", "**{}:** {}"):
        text = "\n\n".join(
            heading.format(n=n) + f"{form.format(name, one)}\n{form.format(label, two)}"
            for n, (one, two) in enumerate((COD, WREN), start=1)
        )
        wanted = [(f"{name}: {one}", two) for one, two in (COD, WREN)]
        assert read(text, code, output_first=True) == (wanted, set())
        assert read(text.split("\n\n")[0], code, output_first=True) == (wanted[:1], set())


@in_all_languages
@pytest.mark.parametrize(
    "form",
    [
        "A cod swims.\n{c}: fish\n\nA wren flies.\n{c}: bird",
        "A cod swims.\n{c}: fish",
        "{c}: fish\n1. cod\n2. eel\n\n{c}: bird\n1. wren",
        "{c}: fish\n{{{i}}}: cod",
    ],
)
def test_labels_whose_inputs_cannot_be_told_are_unreadable(form: str, code: str) -> None:
    given_name, _, label = NAMES[code]
    text = form.format(c=label, i=given_name)
    assert read(text, code, output_first=True) == ([], {"unreadable"})


@in_all_languages
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Topic: animals\n\n{i}: cod\n{o}: fish", [COD]),
        ("Context: It swims.\n{i}: cod\n{o}: fish", []),
        ("{i}: cod\n{o}: fish\n\nContext: It flies.\n{i}: wren\n{o}: bird", []),
        ('{{"inputs": ["cod", "wren"], "outputs": ["fish", "bird"]}}', []),
    ],
)
def test_what_may_belong_to_an_input_is_not_left_out(text: str, kept: Kept, code: str) -> None:
    given_name, output_name, _ = NAMES[code]
    rows, _ = read(text.format(i=given_name, o=output_name), code)
    assert rows == kept


@in_all_languages
@pytest.mark.parametrize("name", ["**{}:**", "*{}:*", "{}:", "**{}**:", "__{}:__"])
@pytest.mark.parametrize("fence", ["```", "```python", "~~~", "````"])
def test_a_fence_behind_a_name_ends_where_it_is_closed(fence: str, name: str, code: str) -> None:
    first, second, label = NAMES[code]
    closing = fence.removesuffix("python")
    block = f"{fence}\ndef f(x):\n    return x\n{closing}"
    given_name, output_name, label_name = (name.format(one) for one in (first, second, label))
    code_row = ("id", "def f(x):\n    return x")
    text = f"{given_name} id\n{output_name} {block}\n\n{given_name} cod\n{output_name} fish"
    assert read(text, code) == ([code_row, COD], set())
    text = f"{given_name} id\n{output_name} {block}\n\n{given_name} id2\n{output_name} {block}"
    assert read(text, code) == ([code_row, ("id2", code_row[1])], set())
    text = f"{label_name} ok\n{given_name} {block}\n\n{label_name} fish\n{given_name} cod"
    assert read(text, code, output_first=True) == ([(code_row[1], "ok"), COD], set())


def test_a_longer_fence_may_hold_shorter_ones() -> None:
    assert read("````markdown\nInput: cod\nOutput: fish\n````") == ([COD], set())
    inner = "Run:\n```python\nx = 1\n```\nDone."
    assert read(f"````\nInput: cod\nOutput: {inner}\n````") == ([("cod", inner)], set())
    assert read(f"Input: cod\nOutput:\n````markdown\n{inner}\n````") == ([("cod", inner)], set())


@in_all_languages
@pytest.mark.parametrize(
    "line",
    ["###", "#", "<br>", "⸻", "🔹🔹🔹", "• • •", "//", "+++", "~~~", "~~~~~", "***", "* * *", "====="],
)
def test_a_line_without_words_between_instances_is_part_of_none(line: str, code: str) -> None:
    first, second, _ = NAMES[code]
    written = [f"{first}: {one}\n{second}: {two}" for one, two in (COD, WREN, ("oak", "tree"))]
    assert read(f"\n\n{line}\n\n".join(written), code) == ([COD, WREN, ("oak", "tree")], set())


@pytest.mark.parametrize("output", ["🎉", "Look:\n\n}", "a\n|\nb", "Sum:\n\n```\n1\n```", "(_)_)\n\n(o_o)"])
def test_a_last_line_without_words_that_an_output_needs_stays(output: str) -> None:
    text = f"Input: cod\nOutput: {output}\n\nInput: wren\nOutput: bird"
    assert read(text) == ([("cod", output), WREN], set())


@in_all_languages
@pytest.mark.parametrize(
    "heading",
    [
        "Ex. {n}",
        "Ex {n}:",
        "✅ Example {n}",
        "--- Example {n} ---",
        "=== Example {n} ===",
        "Example ({n})",
        "Example {n}/2",
        "Example: {n}",
        "Example {n} | Fish",
        "{n}. Fish",
        "**{n}. Fish**",
        "Round {n}",
        "Set {n}:",
        "Scenario {n}:",
        "Input-Output Pair {n}:",
        "第{n}个例子",
        "第{n}例",
        "例その{n}",
        "（例{n}）",
        "{n}\ufe0f\u20e3",
    ],
)
def test_a_heading_is_known_by_the_one_above_the_first_instance(heading: str, code: str) -> None:
    first, second, label = NAMES[code]
    for gap in ("\n", "\n\n"):
        text = gap.join(
            f"{heading.format(n=n)}\n{first}: {one}\n{second}: {two}"
            for n, (one, two) in enumerate((COD, WREN), start=1)
        )
        assert read(text, code) == ([COD, WREN], set())
        text = gap.join(
            f"{heading.format(n=n)}\n{label}: {two}\n{first}: {one}"
            for n, (one, two) in enumerate((COD, WREN), start=1)
        )
        assert read(text, code, output_first=True) == ([COD, WREN], set())


def test_the_end_of_a_list_is_no_heading() -> None:
    for before in ("3 examples:\n", "1. Fish\n"):
        for output in ("Steps:\n1. Swim.\n2. Sleep.", "4 fins\n4 fins"):
            text = f"{before}Input: cod\nOutput: {output}\n\nInput: wren\nOutput: bird"
            assert read(text) == ([("cod", output), WREN], set())
    text = "1. Fish\nInput: cod\nOutput: Steps:\n1. Swim.\n3. Sleep.\n\n2. Birds\nInput: wren\nOutput: bird"
    assert read(text) == ([("cod", "Steps:\n1. Swim.\n3. Sleep."), WREN], set())
    text = "Input: cod\nOutput:\n1. Swim.\n2. Sleep.\n\nInput: wren\nOutput:\n1. Fly.\n2. Sing."
    assert read(text) == ([("cod", "1. Swim.\n2. Sleep."), ("wren", "1. Fly.\n2. Sing.")], set())


@in_all_languages
@pytest.mark.parametrize(
    "line",
    [
        "Question: Name a tree.",
        "Prompt: Name a tree.",
        "Exercise: Name a tree.",
        "New task: Name a tree.",
        "Next task: Name a tree.",
        "The next task is: Name a tree.",
        "Task #2: Name a tree.",
        "**Task 2**\nName a tree.",
        "Task:\nName a tree.",
        "10. Name a tall tree.",
        "###\n\nTask: Name a tree.",
    ],
)
def test_the_next_task_in_other_words_ends_an_answer(line: str, code: str) -> None:
    first, second, label = NAMES[code]
    own = f"{first}: cod\n{second}: fish\n\n{first}: wren\n{second}: bird"
    text = f"{own}\n\n{line}\n{first}: oak\n{second}: x y"
    assert read(text, code) == ([COD, WREN], set())
    text = (
        f"{label}: fish\n{first}: cod\n\n{label}: bird\n{first}: wren\n\n{line}\n{first}: oak\n{second}: x y"
    )
    assert read(text, code, output_first=True) == ([COD, WREN], set())


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("ja", "タスク：鳥の名前を挙げてください。"),
        ("ja", "課題：鳥の名前を挙げてください。"),
        ("zh", "问题：说出一种鸟。"),
        ("ko", "작업: 새 이름을 대세요."),
        ("es", "Nueva tarea: Nombra un ave."),
    ],
)
def test_the_next_task_is_named_in_the_language(code: str, line: str) -> None:
    first, second, _ = NAMES[code]
    text = f"{first}: cod\n{second}: fish\n\n{line}\n{first}: x\n{second}: y"
    assert read(text, code) == ([COD], set())


@in_all_languages
@pytest.mark.parametrize(
    "more",
    [
        "Write a short haiku.\n{i}: frog\n{o}: old pond",
        "Human: Write a haiku.\nAssistant: Old pond",
        "User: Thanks!\nAssistant: You are welcome.",
        "Q: What is a haiku?\nA: A poem.",
        "Human: another one",
    ],
)
def test_where_it_is_open_what_follows_the_last_output_is_unreadable(more: str, code: str) -> None:
    first, second, _ = NAMES[code]
    text = f"{first}: cod\n{second}: fish\n\n{first}: wren\n{second}: bird\n\n{more}".format(
        i=first, o=second
    )
    assert read(text, code) == ([COD], {"unreadable"})


@pytest.mark.parametrize(
    "output",
    [
        "Q: What is a cod?\nA: A fish.\n\nQ: What is a wren?\nA: A bird.",
        "Questions:\n\nQ: What is a cod?\nA: A fish.",
        "User: Hi!\nAssistant: Hello.\n\nUser: Bye!\nAssistant: Bye.",
        "1. Wash the cup.\n\n2. Dry the cup.",
        "def f(x):\n    if x:\n        y = 1\n\n    return 0",
        "Dear Ann,\n\nPlease write soon.",
        "Two tasks:\nTask: sweep\nTask: rest",
    ],
)
def test_dialogues_lists_code_and_letters_stay_whole(output: str) -> None:
    text = f"Input: cod\nOutput: {output}\n\nInput: wren\nOutput: bird"
    assert read(text) == ([("cod", output), WREN], set())
    assert read(f"Input: cod\nOutput: {output}") == ([("cod", output)], set())


@pytest.mark.parametrize(
    "text",
    [
        "Blue is calm.\n\nWrite a haiku.\nInput: frog\nOutput: Old pond",
        "Blue is calm.\n\n10. Write a haiku.\nInput: frog\nOutput: Old pond",
        "Blue is calm.\n\nThe next task is: Write a haiku.\nInput: frog\nOutput: Old pond",
        "Blue is calm.\n\nHuman: Write a haiku.\nAssistant: Old pond",
    ],
)
def test_the_rows_below_an_answer_without_fields_are_not_its_own(text: str) -> None:
    assert read(text) == ([], {"unreadable"})


def test_a_task_at_the_end_of_an_answer_without_fields_is_no_part_of_it() -> None:
    for ending in ("Task: Write a haiku.", "Task: Write", "Task:"):
        assert read(f"Blue is calm.\n\n{ending}") == ([("", "Blue is calm.")], set())


@in_all_languages
@pytest.mark.parametrize("mark", [" | ", " ", " -> ", "; "])
def test_a_sentence_on_one_line_with_its_output_keeps_its_full_stop(mark: str, code: str) -> None:
    first, second, label = NAMES[code]
    stop = "。" if code in {"ja", "zh"} else "."
    rows = [(f"Go{stop}", f"Vete{stop}"), (f"It is late{stop}", "Es tarde")]
    text = "\n".join(f"{first}: {one}{mark}{second}: {two}" for one, two in rows)
    assert read(text, code) == (rows, set())
    text = f"{label}: fish{stop}{mark}{first}: cod{stop}"
    assert read(text, code, output_first=True) == ([(f"cod{stop}", "fish")], set())


@pytest.mark.parametrize(
    ("code", "name"),
    [("en", "Reasoning"), ("es", "Explicación"), ("ja", "解説"), ("ko", "설명"), ("zh", "解释")],
)
def test_the_reasoning_between_an_input_and_its_output_is_part_of_neither(code: str, name: str) -> None:
    first, second, _ = NAMES[code]
    written = [f"{first}: {one}\n{name}: x\n{second}: {two}" for one, two in (COD, WREN)]
    assert read("\n\n".join(written), code) == ([COD, WREN], set())
    assert read(written[0], code) == ([], {"unreadable"})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Input (English): cod\nOutput (Spanish): fish", [COD]),
        ("Input value: cod\nOutput value: fish", [COD]),
        ("The input: cod\nThe output: fish", [COD]),
        ("Possible input: cod\nPossible output: fish", [COD]),
        ("| English (Input) | Kind (Output) |\n|---|---|\n| cod | fish |", [COD]),
        ('{"example_1": {"input": "cod", "output": "fish"}, "example_2": {"input": "a", "output": "b"}}',
         [COD, ("a", "b")]),
        ("Paragraph: A cod swims.\nQuestion: What does?\nAnswer: A cod.",
         [("Paragraph: A cod swims.\nQuestion: What does?", "A cod.")]),
        ("Output: <form>\n<input>name</input>\n<output>Hi</output>\n</form>",
         [("", "<form>\n<input>name</input>\n<output>Hi</output>\n</form>")]),
    ],
)  # fmt: skip
def test_more_names_and_forms_are_read(text: str, wanted: Kept) -> None:
    assert read(text) == (wanted, set())


@pytest.mark.parametrize(
    ("code", "first", "second"),
    [
        ("zh", "输入句子", "输出句子"),
        ("zh", "用户输入", "回复"),
        ("ja", "サンプル入力", "サンプル出力"),
        ("ja", "インプット", "アウトプット"),
        ("ko", "샘플 입력", "샘플 출력"),
        ("es", "La entrada", "La salida"),
    ],
)
def test_other_names_of_the_fields_are_read_in_the_language(code: str, first: str, second: str) -> None:
    text = "\n\n".join(f"{first}: {one}\n{second}: {two}" for one, two in (COD, WREN))
    assert read(text, code) == ([COD, WREN], set())


def test_a_number_with_which_a_cut_answer_ends_begins_the_next_instance_and_not_a_list() -> None:
    assert read("Input: cod\nOutput: fish\n\n2.", cut=True) == ([COD], set())
    assert read("Input: cod\nOutput: 1. Swim.\n\n2.", cut=True) == ([], {"cut"})
    assert read("[Example 1]\nInput: cod\nOutput: 1. Swim.\n2.", cut=True) == ([], {"cut"})


@pytest.mark.parametrize("mark", ["- ", "1. ", "• "])
def test_a_single_input_below_each_label_has_no_bullet(mark: str) -> None:
    text = f"Class label: `fish`\n{mark}cod\n\nClass label: `bird`\n{mark}wren"
    assert read(text, output_first=True) == ([COD, WREN], set())


def test_elements_with_the_output_above_its_input_are_read_where_it_is_clear_which_belong_together() -> None:
    one = "<output>fish</output>\n<input>cod</input>"
    assert read(one) == ([COD], set())
    assert read(f"{one}\n<output>bird</output>\n<input>wren</input>") == ([], {"unreadable"})


@pytest.mark.parametrize(
    "text",
    [
        "| Input | Output |\n|---|---|\n| cod | fish\n| wren | bird |",
        "Input | Output |\n---|---|\ncod | fish\nwren | bird |",
        "Input | Output\n---|---\ncod | fish |\nwren | bird",
    ],
)
def test_a_bar_at_the_end_of_a_row_may_be_there_or_not(text: str) -> None:
    assert read(text) == ([COD, WREN], set())


SPECIFICATION = "A tool.\n\nInput:\n\nA file.\n\nOutput:\n\nA sum."


def test_a_specification_inside_an_output_is_part_of_it() -> None:
    text = f"Input: a tool\nOutput: {SPECIFICATION}"
    assert read(text) == ([("a tool", SPECIFICATION)], set())
    assert read(f"{text}\n\nInput: cod\nOutput: fish") == ([("a tool", SPECIFICATION), COD], set())
    # With its texts beside their names, or with names alone from the first, it is the next instance.
    assert read("Input: wren\nOutput: bird\n\nInput: cod\nOutput:\n\nfish") == ([WREN, COD], set())
    alone = "\n\n".join(f"Input:\n\n{given}\n\nOutput:\n\n{output}" for given, output in (WREN, COD))
    assert read(alone) == ([WREN, COD], set())


def test_another_prompt_between_instances_leaves_open_where_the_one_above_ends() -> None:
    text = "Input: cod\n\nOutput: fish\n\nPrompt: What swims?\n\nInput: wren\n\nOutput: bird"
    assert read(text) == ([], {"unreadable"})


def test_fields_may_be_a_space_deeper_than_the_first_and_what_is_deeper_is_part_of_a_value() -> None:
    assert read("Input: cod\nOutput: fish\n\n Input: wren\n Output: bird") == ([COD, WREN], set())
    deeper = "fish\n\n  Input: wren\n  Output: bird"
    assert read(f"Input: cod\nOutput: {deeper}") == ([("cod", deeper)], set())
    assert read("<Input> cod\n<Output> fish") == ([COD], set())
