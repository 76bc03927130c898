"""What a model thinks aloud is not part of its answer."""

import pytest

from selfinstruct.core.method.parsing import parse_input_first, parse_label, parse_proposals
from selfinstruct.core.method.thoughts import spoken, thoughts_in


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


@pytest.mark.parametrize(
    "header",
    [
        "final<|message|>",
        "commentary to=x code<|message|>",
        "to=functions.x code<|message|>",
        "final <|constrain|>json<|message|>",
        "<|channel|>commentary to=functions.x <|constrain|>json<|message|>",
        "analysis<|message|>Input: dog<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|channel|>analysis<|message|>Input: dog<|end|><|start|>assistant<|channel|>commentary<|message|>",
    ],
)
def test_the_header_of_a_message_is_no_part_of_the_answer_also_where_its_beginning_is_missing(
    header: str,
) -> None:
    (read,) = parse_input_first(f"{header}Input: cat\nOutput: animal<|call|>")
    assert (read.input, read.output, read.fault) == ("cat", "animal", None)
    assert parse_label(f"{header}yes") == "classification"


def test_an_answer_of_analysis_alone_says_nothing() -> None:
    assert parse_input_first("analysis<|message|>We need Input: dog\nOutput: animal") == []


def test_a_mark_that_a_sentence_speaks_of_begins_no_message() -> None:
    (read,) = parse_input_first("The tag <|message|> is a mark.")
    assert read.output == "The tag <|message|> is a mark."


@pytest.mark.parametrize(
    ("text", "thoughts", "said"),
    [
        ("Yes.", "", "Yes."),
        ("<think>\nA river, then.\n</think>\n\nThe Po.", "A river, then.", "The Po."),
        ("A river, then.</think>The Po.", "A river, then.", "The Po."),
        ("<think>One.</think>The\n<think>Two.</think>Po.", "One.\n\nTwo.", "The\nPo."),
        ("<think>One <think>inner</think> more</think>The Po.", "One <think>inner</think> more", "The Po."),
        ("<think>One.</think> No. </think>The Po.", "One.\n\nNo.", "The Po."),
        ("<think>\n\n</think>\n\nThe Po.", "", "The Po."),
        ("<think>A river, th", "A river, th", ""),
        ("[THINK]A river.[/THINK]The Po.", "A river.", "The Po."),
        ("◁think▷A river.◁/think▷The Po.", "A river.", "The Po."),
        ("<|channel|>analysis<|message|>A river.<|end|><|start|>assistant<|channel|>final<|message|>The Po.",
         "A river.", "The Po."),
        ("analysis<|message|>A river.<|end|><|start|>assistant<|channel|>final<|message|>The Po.",
         "A river.", "The Po."),
        ("analysisA river is meant.assistantfinalThe Po.", "A river is meant.", "The Po."),
        ("<plan>A river.</plan>\nThe Po.", "A river.", "The Po."),
        ("```thinking\nA river.\n```\nThe Po.", "A river.", "The Po."),
        ("<details type=\"reasoning\" done=\"true\">A river.</details>The Po.", "A river.", "The Po."),
        ("What does the tag `<think>` do?", "", "What does the tag `<think>` do?"),
    ],
)  # fmt: skip
def test_thoughts_and_what_is_said_are_told_apart(text: str, thoughts: str, said: str) -> None:
    assert thoughts_in(text) == thoughts
    assert spoken(text).strip() == said
