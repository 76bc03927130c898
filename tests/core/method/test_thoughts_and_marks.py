"""Thoughts and the marks of a template are no part of an answer; what only looks like them stays."""

import pytest

from benchmarks.reading_forms import MARKS, THOUGHT_TAGS, with_marks, with_thoughts
from selfinstruct.core.method import (
    keep_or_drop,
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)

LIST = "9. Name a bird.\n10. Name a tree."
TASKS = ["Name a bird.", "Name a tree."]
THOUGHT = "1. Foo bar.\n2. Bar foo.\nInput: x\nOutput: y"


@pytest.mark.parametrize("text", [*with_thoughts(LIST, THOUGHT), f"Sure!\n<think>{THOUGHT}</think>\n{LIST}"])
def test_thoughts_in_any_spelling_are_no_tasks(text: str) -> None:
    assert parse_proposals(text, cut=False, continues_item=False) == TASKS


@pytest.mark.parametrize("tag", THOUGHT_TAGS)
def test_a_thought_that_was_cut_says_nothing(tag: str) -> None:
    text = f"<{tag}>\n{THOUGHT}"
    assert parse_proposals(text, cut=True, continues_item=False) == []
    assert parse_input_first(text) == []
    assert parse_label(f"<{tag}>Yes") == "unknown"


@pytest.mark.parametrize("text", with_marks(LIST))
def test_marks_at_the_end_are_no_part_of_the_last_task(text: str) -> None:
    assert parse_proposals(text, cut=False, continues_item=False) == TASKS


@pytest.mark.parametrize("mark", MARKS)
def test_several_marks_at_the_end_are_taken_off_an_output(mark: str) -> None:
    (one,) = parse_input_first(f"Input: a\nOutput: The sea.{mark}\n</s>")
    assert (one.input, one.output) == ("a", "The sea.")


def test_a_heading_that_was_cut_off_shows_no_end_of_an_answer() -> None:
    made = keep_or_drop(parse_output_first("### Class label\nloud\n\n###"), cut=True)
    assert [one.reason.code for one in made if one.reason] == ["cut"]


@pytest.mark.parametrize(
    "output",
    [
        "<plan>\n<step>Boil water.</step>\n<step>Add tea.</step>\n</plan>",
        "<steps>\n1. Boil water.\n2. Add tea.\n</steps>",
        "\\begin{document}\nThe sea.\n\\end{document}",
        "###\n# #\n###",
        "<p>The sea.</p>",
        "Use <s>old</s> new.",
        "A <details><summary>Recipe</summary>Tea.</details> folds.",
        "[start] The sea. [ended]",
        "He said: [analyst] no.",
        "x = 3 <= 4",
    ],
)
def test_an_output_that_only_looks_like_a_thought_or_a_mark_stays_whole(output: str) -> None:
    (one,) = parse_input_first(f"Output: {output}")
    assert one.output == output
    (one,) = parse_input_first(output)
    assert one.output == output


@pytest.mark.parametrize(
    "output", ['"<|im_end|>" ends a turn.', "`</s>` is a mark.", "“<eos>”, that is all."]
)
def test_a_quoted_mark_at_the_very_beginning_is_spoken_of(output: str) -> None:
    (one,) = parse_input_first(output)
    assert one.output == output


def test_the_end_of_details_that_nothing_opens_hides_no_thoughts() -> None:
    (one,) = parse_input_first("</details>\n<think>Input: x</think>\nInput: cod\nOutput: fish")
    assert (one.input, one.output) == ("cod", "fish")


@pytest.mark.parametrize("task", ["Explain what a <think> tag is for.", "Say what <think> does, briefly."])
def test_a_tag_that_a_task_speaks_of_begins_no_thought(task: str) -> None:
    assert parse_proposals(f"9. {task}\n10. Sing.", cut=False, continues_item=False) == [task, "Sing."]
