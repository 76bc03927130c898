"""What models write is read as they meant it, however they decorate it; nothing is guessed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.method.parsing import (
    ParsedInstance,
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)

FISH = "Name a fish of the North Sea."
SONG = "Sing about rain, briefly."

BOTH = [
    pytest.param(f"9. {FISH}\n10. {SONG}", id="plain"),
    pytest.param(f"Sure! Here are two more tasks:\n\n9. {FISH}\n10. {SONG}", id="greeting"),
    pytest.param(f"Sure! Here are 8 more:\n9. {FISH}\n10. {SONG}", id="greeting without a blank line"),
    pytest.param(f"**9.** {FISH}\n**10.** {SONG}", id="bold numbers"),
    pytest.param(f"**9**. {FISH}\n**10** {SONG}", id="bold numbers, dot outside or missing"),
    pytest.param(f"9. **{FISH}**\n10. __{SONG}__", id="bold items"),
    pytest.param(f"**9. {FISH}**\n__10. {SONG}__", id="bold lines"),
    pytest.param(f"9. **Sea:** {FISH}\n10. **Weather** – {SONG}", id="bold headings"),
    pytest.param(f"**9. Sea:** {FISH}\n**10. Weather:** {SONG}", id="number inside the bold heading"),
    pytest.param(f"- {FISH}\n- {SONG}", id="dashes"),
    pytest.param(f"Here you go:\n* {FISH}\n• {SONG}", id="bullets after a greeting"),
    pytest.param(f"```\n9. {FISH}\n10. {SONG}\n```", id="code fence"),
    pytest.param(f"```markdown\n9. {FISH}\n10. {SONG}", id="code fence that stays open"),
    pytest.param(f"Sure:\n~~~text\n9. {FISH}\n10. {SONG}\n~~~\n\nEnjoy!", id="tilde fence"),
    pytest.param(f"9. {FISH}\n1. {SONG}", id="numbering restarts"),
    pytest.param(f"9) {FISH}\n10) {SONG}", id="brackets"),
    pytest.param(f"9: {FISH}\n10: {SONG}", id="colons"),
    pytest.param(f"9.{FISH}\n10.{SONG}", id="no space"),
    pytest.param(f"Task 9: {FISH}\nTask 10: {SONG}", id="Task 9:"),
    pytest.param(f"Instruction #9. {FISH}\ninstruction 10: {SONG}", id="Instruction #9."),
    pytest.param(f"**Task 9:** {FISH}\n**Task 10**: {SONG}", id="bold Task 9:"),
    pytest.param(f"9. Task: {FISH}\n10. **Instruction:** {SONG}", id="number and field name"),
    pytest.param(f"### 9. {FISH}\n### 10. {SONG}", id="headings"),
    pytest.param(f"### Task 9\n{FISH}\n\n### Task 10\n{SONG}", id="number alone in a heading"),
    pytest.param(f"**Task 9**\n\n{FISH}\n\n**Task 10**\n\n{SONG}", id="number alone in bold type"),
    pytest.param(f"9.\n{FISH}\n10.\n\n{SONG}", id="item below its number"),
    pytest.param(f"> 9. {FISH}\n> 10. {SONG}", id="quoted lines"),
    pytest.param(f" 9. {FISH}\n10. {SONG}", id="numbers aligned to the right"),
    pytest.param(f"9. {FISH}\n\n\n\n10. {SONG}\n\n", id="blank lines between"),
    pytest.param(f"9. {FISH}\n\n10. {SONG}\n\nLet me know if you want more!", id="closing remark"),
    pytest.param(f"9. {FISH}\n---\n10. {SONG}\n***\nEnjoy!", id="rules between"),
    pytest.param(f"9. {FISH}\r\n10. {SONG}\r\n", id="CRLF"),
    pytest.param(f"\t9.\t{FISH}\n\t10.\t{SONG}".replace("a fish", "a\tfish"), id="tabs"),
    pytest.param("9. Name a fish\nof the North Sea.\n10. Sing about rain,\n    briefly.", id="wrapped lines"),
    pytest.param(f"9. \n10. {FISH}\n11. ...\n12. {SONG}", id="items without words"),
    pytest.param(f'9. "{FISH}"\n10. “{SONG}”', id="quotation marks"),
]


@pytest.mark.parametrize("text", BOTH)
def test_a_chat_models_list_is_read_however_it_is_decorated(text: str) -> None:
    assert parse_proposals(text, cut=False, continues_item=False) == [FISH, SONG]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        pytest.param("9. Name three:\n   - cod\n   - eel\n10. Sing.", ["Name three: - cod - eel", "Sing."]),
        pytest.param("9. Do both:\n   1. one\n   2. two\n10. Sing.", ["Do both: 1. one 2. two", "Sing."]),
        pytest.param("9. Do both:\n  a) one\n  b) two", ["Do both: a) one b) two"]),
    ],
)
def test_a_list_inside_an_item_stays_inside(text: str, items: list[str]) -> None:
    assert parse_proposals(text, cut=False, continues_item=False) == items


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("Compare\n3.5 litres with 2.25 kilograms.", id="decimal number"),
        pytest.param("Round\n10:30 to the next hour.", id="time of day"),
        pytest.param("Say what happened in\n1984 and 1985.", id="year"),
        pytest.param("Say what happened in\n1984. Be brief.", id="year that ends a sentence"),
        pytest.param("Convert\n12 inches to centimetres.", id="number without a dot"),
    ],
)
def test_a_line_that_begins_with_a_number_does_not_split_an_item(item: str) -> None:
    text = f"9. {item}\n10. {SONG}"
    assert parse_proposals(text, cut=False, continues_item=False) == [" ".join(item.split()), SONG]


@pytest.mark.parametrize(
    "item",
    [
        "Compute 2**3 and 4**2.",
        "Explain what __init__ does in a class with __slots__.",
        'Choose between "yes" and "no"',
        "'Tis the season: explain the word 'tis",
        "Multiply 2*3*4 in your head.",
        "Classify: is `x` a name?",
    ],
)
def test_what_only_looks_like_decoration_stays(item: str) -> None:
    assert parse_proposals(f"9. {item}", cut=False, continues_item=False) == [item]


def test_bold_words_within_an_item_lose_their_stars() -> None:
    text = "9. Name a **very** big and **old** fish."
    assert parse_proposals(text, cut=False, continues_item=False) == ["Name a very big and old fish."]


@pytest.mark.parametrize("last", ["10. Sing about ra", "10. Si", "10.", "- Sing", "and a bird"])
def test_a_last_item_that_was_cut_is_not_proposed(last: str) -> None:
    text = f"8. {SONG}\n9. {FISH}\n{last}"
    items = parse_proposals(text, cut=True, continues_item=False)
    assert items == ([SONG, FISH] if last.startswith("10.") else [SONG])


def test_a_base_models_text_begins_inside_an_item() -> None:
    text = f" {FISH}\n10. {SONG}\n11. Sing abo"
    assert parse_proposals(text, cut=True, continues_item=True) == [FISH, SONG]
    assert parse_proposals(f"\n{FISH}\n\n10. {SONG}", cut=False, continues_item=True) == [FISH, SONG]
    assert parse_proposals(FISH, cut=False, continues_item=True) == [FISH]


def test_bullets_in_a_base_models_first_item_are_part_of_it() -> None:
    text = " Name three:\n- cod\n- eel"
    assert parse_proposals(text, cut=False, continues_item=True) == ["Name three: - cod - eel"]


@pytest.mark.parametrize(
    "text", ["", "   \n\n", "I cannot help with that.", "```\n```", "9.\n10.\n11.", "---"]
)
@pytest.mark.parametrize("cut", [True, False])
def test_a_chat_models_text_without_a_list_proposes_nothing(text: str, cut: bool) -> None:
    assert parse_proposals(text, cut=cut, continues_item=False) == []


PIECES = [
    "9.", "10)", "1984.", "3.5", "**", "__", "*", "-", "•", "#", "###", ">", ":", '"', "“", "”", "'", "(",
    "Task", "Task 3:", "Instruction:", "Input:", "Output:", "Class label:", "Example 2", "EXAMPLE", "None",
    "<noinput>", "yes", "No", "```", "```py", "~~~", "---", "word", "Größe", "猫", "\u2028", "\x85", "\0",
    "\ufeff", "\r", "\r\n", "\n", "\n\n", "\n  ", "\t", " ",
]  # fmt: skip
ANY_TEXT = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=80)


@given(ANY_TEXT, st.booleans(), st.booleans())
def test_any_text_gives_proposals_of_one_line_with_words(text: str, cut: bool, continues: bool) -> None:
    for item in parse_proposals(text, cut=cut, continues_item=continues):
        assert item == " ".join(item.split())
        assert any(character.isalnum() or character == "_" for character in item)


@given(ANY_TEXT, st.booleans())
def test_what_the_token_limit_cuts_is_at_most_the_last_item(text: str, continues: bool) -> None:
    whole = parse_proposals(text, cut=False, continues_item=continues)
    rest = parse_proposals(text, cut=True, continues_item=continues)
    assert rest in (whole, whole[:-1])


SENTENCE = st.lists(
    st.text(string.ascii_lowercase + "äßéñ", min_size=2, max_size=8), min_size=2, max_size=6
).map(lambda words: " ".join(words).capitalize() + ".")


@given(
    st.lists(SENTENCE, min_size=1, max_size=10),
    st.sampled_from(
        ["{n}. {item}", "{n}) {item}", "**{n}.** {item}", "**{n}. {item}**", "## Task {n}: {item}"]
    ),
    st.sampled_from(["\n", "\n\n", "\r\n"]),
    st.integers(min_value=1, max_value=900),
)
def test_every_item_of_a_list_is_found_in_its_order(
    items: list[str], form: str, gap: str, first: int
) -> None:
    text = gap.join(form.format(n=number, item=item) for number, item in enumerate(items, start=first))
    assert parse_proposals(text, cut=False, continues_item=False) == items


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Yes", "classification"),
        (" yes.", "classification"),
        ("**Yes**", "classification"),
        ("YES!", "classification"),
        ("\n\n Classification task: Yes\n", "classification"),
        ("```\nYes\n```", "classification"),
        ("Yes, the answer is one of two labels.\nThough no one is sure.", "classification"),
        ("No", "generation"),
        ("*no*", "generation"),
        ("Answer: No.", "generation"),
        ("", "unknown"),
        ("...", "unknown"),
        ("Yes and no.", "unknown"),
        ("Yes/No", "unknown"),
        ("It depends.", "unknown"),
        ("Maybe.\nYes.", "unknown"),
        ("Notably, nobody knows yesterday's noun.", "unknown"),
        ("はい", "unknown"),
    ],
)
def test_a_label_is_yes_or_no_or_else_unknown(text: str, label: str) -> None:
    assert parse_label(text) == label


@given(ANY_TEXT)
def test_a_label_is_never_guessed(text: str) -> None:
    label = parse_label(text)
    lowered = text.lower()
    said = {
        "classification": ("yes", "true", "correct"),
        "generation": ("no", "false", "wrong"),
        "unknown": ("",),
    }
    assert any(word in lowered for word in said[label])


PAIRS = [("cod", "fish"), ("wren", "bird")]

INPUT_FIRST = [
    pytest.param("Input: cod\nOutput: fish\nInput: wren\nOutput: bird", id="plain"),
    pytest.param("**Input:** cod\n**Output:** fish\n\n**Input:** wren\n**Output:** bird", id="bold"),
    pytest.param("**Input**: cod\n**Output**: fish\n__Input:__ wren\n__Output__: bird", id="colon outside"),
    pytest.param("### Input\ncod\n\n### Output\nfish\n\n### Input:\nwren\n### Output:\nbird", id="headings"),
    pytest.param("INPUT: cod\nOUTPUT: fish\nINPUT: wren\nOUTPUT: bird", id="capitals"),
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


def pairs(instances: list[ParsedInstance]) -> list[tuple[str, str]]:
    return [(instance.input, instance.output) for instance in instances]


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


def test_code_in_a_fence_keeps_its_indentation_and_loses_the_fence() -> None:
    text = "Output:\n\n```python\n    x = 1\n\n    y = 2\n```\n"
    assert pairs(parse_input_first(text)) == [("", "    x = 1\n\n    y = 2")]


def test_blanks_on_the_lines_before_a_fence_do_not_make_it_part_of_the_output() -> None:
    assert pairs(parse_input_first("Input: a\nOutput: \n   \n```\nx\n```")) == [("a", "x")]


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("<think>1. Draft\n2. Again</think>\n9. Name a sea.", "Name a sea.", id="a block"),
        pytest.param("1. Draft\n</think>\n\n9. Name a sea.", "Name a sea.", id="opened by the server"),
        pytest.param("9. Explain the tag </b> in HTML.", "Explain the tag </b> in HTML.", id="another tag"),
    ],
)
def test_what_a_model_thinks_aloud_is_no_task(text: str, said: str) -> None:
    assert parse_proposals(text, cut=False, continues_item=False) == [said]


def test_thoughts_that_the_token_limit_cut_say_nothing() -> None:
    text = "<think>Is it a classification task? Yes, or no"
    assert parse_label(text) == "unknown"
    assert parse_input_first(text) == []
    assert parse_proposals("<think>\n1. Draft", cut=True, continues_item=False) == []


def test_an_output_may_speak_of_numbered_tasks() -> None:
    text = "Input: a plan\nOutput: First:\nTask 1: wash\nTask 2: dry"
    assert parse_input_first(text) == [ParsedInstance("a plan", "First:\nTask 1: wash\nTask 2: dry")]


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


def test_numbers_in_brackets_and_escaped_points_begin_items() -> None:
    text = "(9) Name a sea.\n10\\. Name a lake."
    assert parse_proposals(text, cut=False, continues_item=False) == ["Name a sea.", "Name a lake."]


# Other languages


@pytest.mark.parametrize(
    ("language", "text", "items"),
    [
        pytest.param(
            "ja",
            "１．魚の名前を挙げて。\n２．歌を書いて。",
            ["魚の名前を挙げて。", "歌を書いて。"],
            id="full width",
        ),
        pytest.param(
            "ja",
            "続きです：\n\n9、魚の名前を挙げて。\n10、歌を書いて。",
            ["魚の名前を挙げて。", "歌を書いて。"],
            id="、",
        ),
        pytest.param(
            "ja",
            "・魚の名前を挙げて。\n・歌を書いて。",
            ["魚の名前を挙げて。", "歌を書いて。"],
            id="middle dots",
        ),
        pytest.param(
            "ja",
            "9. 指示文：魚の名前を挙げて。\n10. **指示文:** 歌を書いて。",
            ["魚の名前を挙げて。", "歌を書いて。"],
            id="named",
        ),
        pytest.param(
            "ja",
            "9. 「魚の名前を挙げて。」\n10. 1、2、3を足して。",
            ["魚の名前を挙げて。", "1、2、3を足して。"],
            id="quoted",
        ),
        pytest.param(
            "zh", "（9）说出一种鱼。\n（10）写一首歌。", ["说出一种鱼。", "写一首歌。"], id="brackets"
        ),
        pytest.param(
            "zh",
            "**任务9：** 说出一种鱼。\n**任务10：** 写一首歌。",
            ["说出一种鱼。", "写一首歌。"],
            id="numbered names",
        ),
        pytest.param(
            "ko",
            "9. 물고기 이름을 대라.\n10. Task: 노래를 써라.",
            ["물고기 이름을 대라.", "노래를 써라."],
            id="English name",
        ),
        pytest.param(
            "es",
            "9. Tarea: Nombra un pez.\n10. **Canto**: Escribe una canción.",
            ["Nombra un pez.", "Escribe una canción."],
            id="es",
        ),
    ],
)
def test_a_list_in_another_language_is_read(language: str, text: str, items: list[str]) -> None:
    assert parse_proposals(text, cut=False, continues_item=False, language=language) == items


@pytest.mark.parametrize(
    ("language", "text", "label"),
    [
        ("ja", "はい", "classification"),
        ("ja", "**いいえ**、これは作文です。", "generation"),
        ("ja", "分類タスクか：はい。", "classification"),
        ("ja", "「いいえ」", "generation"),
        ("ja", "どちらとも言えません。", "unknown"),
        ("ja", "Yes", "classification"),
        ("zh", "是的，这是分类任务。", "classification"),
        ("zh", "不是。", "generation"),
        ("zh", "否，这是开放式的任务。", "generation"),
        ("zh", "是否为分类任务：否", "generation"),
        ("zh", "这是一道题。", "unknown"),
        ("ko", "예, 분류 과제입니다.", "classification"),
        ("ko", "아니요.", "generation"),
        ("ko", "예를 들면 그렇습니다.", "unknown"),
        ("es", "Sí.", "classification"),
        ("es", "si\u0301, claro", "classification"),
        ("es", "No, no lo es.", "generation"),
        ("es", "Noche y día", "unknown"),
    ],
)
def test_yes_and_no_are_read_in_the_language(language: str, text: str, label: str) -> None:
    assert parse_label(text, language) == label


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
