"""Answers are read right in every form that models write, in five languages; other rows are never kept."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.reading import cases, read
from benchmarks.reading_forms import LANGUAGES, Case, words
from selfinstruct.core.method import (
    keep_or_drop,
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)

CASES: dict[tuple[str, str], list[Case]] = {}
for one in cases():
    CASES.setdefault((one.stage, one.kind), []).append(one)


@pytest.mark.parametrize(("stage", "kind"), CASES)
def test_a_form_is_read_right_in_every_language(stage: str, kind: str) -> None:
    for case in CASES[stage, kind]:
        assert read(case) == case.wanted, (case.language, case.text)


# A word of its own at both ends keeps a text from being a remark, a placeholder, or "no input".
WORDS = ["amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "heath", "islet", "knoll"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=4)
TEXT = TEXTS.map(lambda inner: " ".join(["Quiet", *inner, "lagoon"]))
AROUND: list[Callable[[str, str], str]] = [
    lambda text, code: text,
    lambda text, code: f"{words(code)['greeting']}\n\n{text}",
    lambda text, code: f"{text}\n\n{words(code)['remarks'][0]}",
    lambda text, code: f"{text}\n\n---\n\n{words(code)['remarks'][1]}",
    lambda text, code: f"<think>\nInput: x\nOutput: y\n1. z\n</think>\n\n{text}",
    lambda text, code: f"[THINK]Input: x[/THINK]\n{text}",
    lambda text, code: f"{text}<|im_end|>",
    lambda text, code: f"{text}</s>",
    lambda text, code: text if "```" in text else f"```\n{text}\n```",
    lambda text, code: text.replace("\n", "\r\n"),
    lambda text, code: f"\n\n  {text}  \n\n".replace("  \n\n", "\n\n"),
]


@given(
    tasks=st.lists(TEXT.map(lambda text: f"Describe {text}."), min_size=2, max_size=8, unique=True),
    code=st.sampled_from(LANGUAGES),
    number=st.integers(0, 100),
    around=st.lists(st.sampled_from(AROUND), max_size=3, unique=True),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_list_gives_its_own_tasks_and_never_others(
    tasks: list[str], code: str, number: int, around: list[Callable[[str, str], str]]
) -> None:
    numbers = words(code)["numbers"]
    form = numbers[number % len(numbers)] + "{task}"
    text = "\n".join(form.format(n=n, task=task) for n, task in enumerate(tasks, start=9))
    for decorate in around:
        text = decorate(text, code)
    assert parse_proposals(text, cut=False, continues_item=False, language=code) == tasks, text


def test_the_text_of_an_answer_that_cannot_be_read_is_kept_to_look_at() -> None:
    (one,) = keep_or_drop(parse_output_first("It could be glad or sad."), cut=False)
    assert (one.state, one.output) == ("dropped", "It could be glad or sad.")
    assert one.reason is not None
    assert one.reason.code == "unreadable"
    (one,) = keep_or_drop(
        parse_input_first("Frage: Wer?\nAntwort: Ich\nFrage: Wo?\nAntwort: Hier"), cut=False
    )
    assert one.reason is not None
    assert one.reason.code == "unreadable"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("Output: # Tool\n\n## Input\nA file.\n\n## Output\nA sum.", None, id="headings"),
        pytest.param("Output: Two parts:\nTask: sweep\nNoon\nTask: rest", None, id="Task: in an output"),
        pytest.param("Output: a\ninput: b\noutput: c", None, id="YAML"),
        pytest.param("Output:\n42.\n\nInput: x\nOutput:\n6.", ["42.", "6."], id="numbers alone"),
        pytest.param("Output: a form\n<input type='text'>", None, id="HTML"),
        pytest.param('Output:\n{"input": 1, "output": 2}', ['{"input": 1, "output": 2}'], id="JSON"),
    ],
)
def test_what_looks_like_a_field_inside_an_output_is_part_of_it(text: str, wanted: list[str] | None) -> None:
    read_outputs = [one.output for one in parse_input_first(f"Input: y\n{text}")]
    assert read_outputs == (wanted or [text.removeprefix("Output: ")])


def test_a_letter_may_end_with_words_that_are_a_remark_elsewhere() -> None:
    letter = "Dear Bo,\n\nI hope this finds you well."
    (one,) = parse_input_first(f"Input: a letter\nOutput: {letter}")
    assert one.output == letter


@pytest.mark.parametrize(
    "text",
    [
        "9. Explain what </think> is for.",
        "9. What does `<|im_end|>` mean?",
        "9. **Sum up** a film that you like.",
        "9. **Sort these words:** pear, fig, plum.",
        "9. Is the claim right? (True or False)",
        "9. Decide (yes/no): is a whale a fish?",
        "9. Which is bigger, 10. or 9.?",
        '9. "Break a leg": what does it mean?',
    ],
)
def test_what_only_looks_like_decoration_of_a_task_stays(text: str) -> None:
    (item,) = parse_proposals(text, cut=False, continues_item=False)
    assert item == text.removeprefix("9. ").replace("**", "")


def test_a_refusal_or_prose_proposes_nothing() -> None:
    for text in (
        "I'm sorry, but I can't help with that.",
        "Lists are nice.\nThey help people.\nI like them.",
    ):
        assert parse_proposals(text, cut=False, continues_item=False) == []


def test_a_label_in_json_is_read() -> None:
    assert parse_label('{"classification": true}') == "classification"
    assert parse_label('```json\n{"answer": "No"}\n```') == "generation"


def seconds_to_read(text: str) -> float:
    begun = time.process_time()
    parse_proposals(text, cut=False, continues_item=False)
    parse_input_first(text)
    parse_output_first(text)
    parse_label(text)
    return time.process_time() - begun


@pytest.mark.long
@pytest.mark.parametrize(
    "piece",
    [
        *("1.\n", "Input: a\n", "> ", "</think>", '{"input": 1},', "「」", "let me know "),
        *(
            '{"instances": [',
            '"instances":\n',
            "{classification: ",
            "- {",
            '{"a": "',
            "Task: x\n{",
            '"a" b",',
        ),
    ],
)
def test_the_time_to_read_an_answer_grows_with_its_length_and_not_its_square(piece: str) -> None:
    short, long = (
        min(seconds_to_read(piece * (length // len(piece))) for _ in range(3)) for length in (4_000, 32_000)
    )
    assert long < 30 * max(short, 0.001), "8 times the text; its square would be 64 times the work"


MARKS = [
    *"[](){}<>*_`'\"“”#|-–.:;,!?=~\\/^%$@&+ \n\ta1é。、：「」→•", "**", "__", "```\n", "<br>", "- ", "| a ",
    '{"a":', "# ", "\n\n", "(a) ", "[x] ", "a: ", ". ", "a.", "*a", "_a", "[a", "a]",
    "a: |\n", "a:\n", "input: |\n ", "{}", "[]", "final",
]  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize(
    "before",
    [
        "",
        "1. Name a.",
        "Input: a\nOutput: ",
        "Class label: a ",
        '{"instructions": ["a "b"',
        "{classification: ",
        "input: |\n  a",
        "commentary to=",
    ],
)
def test_a_mark_that_a_model_repeats_without_end_is_read_in_linear_time(before: str) -> None:
    seconds_to_read(before)
    for mark in MARKS:
        # The short ones come first: a pattern that backtracks badly never ends on the long ones.
        for few, many in ((14, 28), (1_000, 8_000)):
            short, long = (
                min(seconds_to_read(f"{before}{mark * count}1") for _ in range(2)) for count in (few, many)
            )
            assert long < 30 * max(short, 0.003), (mark, many)
