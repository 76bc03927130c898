"""Rows that overlap with an evaluation set are found, and each names the row that it overlaps with."""

import random
from collections.abc import Sequence

import pytest

from selfinstruct.core.export.decontamination import EvaluationRow, Overlap, find_overlaps
from selfinstruct.core.language.tokens import tokens
from selfinstruct.core.similarity.reference_score import rouge_l
from selfinstruct.db.records import Conversation, TrainingRow, Turn

QUESTION = "Natalia sold clips to 48 of her friends in April, and then she sold half as many in May."
EVALUATION = [
    EvaluationRow("eval.jsonl", 7, "Name the capital of France."),
    EvaluationRow(
        "eval.jsonl", 8, "Solve the problem.", QUESTION, "She sold 48 + 24 = 72 clips in April and May."
    ),
    EvaluationRow("other.jsonl", 1, "Is this review positive or negative?", "Great film!", "Positive"),
]


def row(instruction: str, given: str = "", output: str = "An answer.", **more: object) -> TrainingRow:
    return TrainingRow(1, "model", instruction, given, output, **more)  # type: ignore[arg-type]


def overlap(
    one: TrainingRow, evaluation: Sequence[EvaluationRow] = EVALUATION, language: str = "en", **options: float
) -> Overlap | None:
    ((_, found),) = find_overlaps([one], evaluation, language=language, **options)  # type: ignore[arg-type]
    return found


def test_a_shared_run_of_eight_words_is_shown_as_far_as_it_goes() -> None:
    found = overlap(row("Rewrite this.", "He said: “NATALIA sold clips, to 48 of her friends in June."))
    assert found == Overlap(EVALUATION[1], "input", "natalia sold clips to 48 of her friends in")
    assert found.sentence == (
        "It shares “natalia sold clips to 48 of her friends in” with the input of row 8 of eval.jsonl."
    )


@pytest.mark.parametrize("words", [1, 3, 8, 13])
def test_one_word_less_than_the_setting_is_no_overlap(words: int) -> None:
    shared = " ".join(QUESTION.split()[:words])
    assert overlap(row("Go on.", f"{shared} zzz"), words=words, near=1) is not None
    assert overlap(row("Go on.", f"zzz {shared}"), words=words + 1, near=1) is None


@pytest.mark.parametrize(
    "one",
    [
        row(QUESTION),
        row("Say it.", QUESTION),
        row("Say it.", output=QUESTION),
        row("Say it.", thoughts=QUESTION),
        row("Say it.", conversation=Conversation(QUESTION)),
        row("Say it.", conversation=Conversation("", (Turn("assistant", "Yes?"), Turn("user", QUESTION)))),
    ],
    ids=["instruction", "input", "output", "thoughts", "system prompt", "turn"],
)
def test_every_text_of_a_row_is_compared(one: TrainingRow) -> None:
    found = overlap(one)
    assert found is not None
    assert (found.evaluation.line, found.field) == (8, "input")


@pytest.mark.parametrize("field", ["instruction", "input", "output"])
def test_every_text_of_the_evaluation_set_is_compared(field: str) -> None:
    texts = {"instruction": "Q", "input": "", "output": "A"} | {field: QUESTION}
    found = overlap(row("Say it.", QUESTION), [EvaluationRow("e", 3, **texts)])
    assert found is not None
    assert found.field == field


def test_words_do_not_run_on_from_one_text_to_the_next() -> None:
    words = QUESTION.split()
    parts = EvaluationRow("e", 1, " ".join(words[:4]), " ".join(words[4:9]))
    assert overlap(row("Say it.", " ".join(words[:9])), [parts]) is None
    assert overlap(row(" ".join(words[4:9]) + " zzz", "a b c"), [EvaluationRow("e", 1, QUESTION)]) is None


@pytest.mark.parametrize("short", ["Great film!", "great   FILM"])
def test_a_short_input_overlaps_as_a_whole_only(short: str) -> None:
    found = overlap(row("Translate into Latin.", short))
    assert found == Overlap(EVALUATION[2], "input", short)
    assert overlap(row("Translate into Latin.", f"{short} And long.")) is None


def test_a_short_instruction_overlaps_with_an_input_as_a_whole() -> None:
    found = overlap(row("Answer the question.", "name the capital of france"))
    assert found is not None
    assert (found.evaluation.line, found.field) == (7, "instruction")


def test_a_label_that_many_rows_have_is_no_overlap() -> None:
    assert overlap(row("What does the customer feel?", "I waited for an hour.", "Positive")) is None
    assert overlap(row("Write a review.", output="Great film!")) is None
    assert overlap(row("Write a review.", conversation=Conversation("Great film!"))) is None


@pytest.mark.parametrize("empty", ["", "   ", "?!"])
def test_texts_without_words_overlap_with_nothing_but_their_equals(empty: str) -> None:
    blank = EvaluationRow("e", 1, "Q", empty, empty)
    found = overlap(row("Name a river.", empty), [blank])
    assert (found is None) == (not empty.strip())
    assert overlap(row("Name a river.", "..."), [blank]) is None


def test_an_alike_instruction_is_told_with_its_score_and_the_nearest_counts() -> None:
    other = EvaluationRow("e", 9, "Name the big capital of France, please.")
    found = overlap(row("Name the capital of France, please."), [EVALUATION[0], other])
    assert found is not None
    assert found.evaluation is other
    assert found.score == pytest.approx(rouge_l(other.instruction, "Name the capital of France, please."))
    assert found.sentence == "Its instruction has a ROUGE-L of 0.92 with the instruction of row 9 of e."
    assert overlap(row("Name the capital of France, please."), [other], near=0.95) is None


def test_of_rows_with_the_same_instruction_each_is_told_the_first_row_that_has_it() -> None:
    twice = [EvaluationRow("e", line, "Sum up the following text.") for line in (3, 4)]
    rows = [row("Sum up this following text.", str(number)) for number in range(3)]
    found = [one for _, one in find_overlaps(rows, twice, language="en")]
    assert [one.evaluation.line if one else None for one in found] == [3, 3, 3]


def test_scripts_without_spaces_are_compared_by_character() -> None:
    evaluation = [EvaluationRow("e", 1, "请根据下面的文章回答问题并说明理由", "中国的首都是北京", "北京")]
    found = overlap(row("总结", "有人说中国的首都是北京这个城市"), evaluation, "zh")
    assert found is not None
    assert (found.field, found.words.replace(" ", "")) == ("input", "中国的首都是北京")
    assert overlap(row("总结", "有人说中国的首都是南京"), evaluation, "zh") is None
    assert overlap(row("总结", "中国的首都是南京"), evaluation, "zh", words=6) is not None


def test_rows_come_out_as_they_went_in_and_an_empty_set_finds_nothing() -> None:
    rows = [row(f"Task {number}") for number in range(2500)]
    assert list(find_overlaps(iter(rows), [], language="en")) == [(one, None) for one in rows]
    assert list(find_overlaps([], EVALUATION, language="en")) == []


def test_what_is_found_is_what_comparing_every_pair_finds() -> None:
    rng = random.Random(11)

    def text(most: int) -> str:
        return " ".join(rng.choice("abcde") for _ in range(rng.randint(0, most)))

    evaluation = [EvaluationRow("e", line, text(8), text(12), text(12)) for line in range(30)]
    rows = [row(text(8), text(12), text(12)) for _ in range(300)]
    for one, found in find_overlaps(rows, evaluation, words=6, near=0.79, language="en"):
        assert (found is not None) == any(overlaps(one, other) for other in evaluation)


def overlaps(one: TrainingRow, other: EvaluationRow) -> bool:
    asked, questions = (one.instruction, one.input), (other.instruction, other.input)
    ours = {gram for text in (*asked, one.output) for gram in ngrams(text)}
    theirs = {gram for text in (*questions, other.output) for gram in ngrams(text)}
    whole = {text for text in asked if text and len(tokens(text)) < 6} & {text for text in questions if text}
    return bool(ours & theirs or whole) or rouge_l(one.instruction, other.instruction) >= 0.79


def ngrams(text: str) -> set[tuple[str, ...]]:
    words = tokens(text)
    return {tuple(words[start : start + 6]) for start in range(len(words) - 5)}
