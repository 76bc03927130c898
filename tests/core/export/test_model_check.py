"""Rows that a model would learn nothing from are found before anybody trains on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from selfinstruct.core.export.model_check import (
    Message,
    ModelCheck,
    TemplateRefusedError,
    UntrainedRow,
    check_rows,
)

Row = Sequence[Message]


@dataclass
class WordModel:
    """A model whose tokens are words, and whose template knows no system prompt."""

    name: str = "models/tiny"
    max_length: int | None = None
    opening: str = "<a>"
    """What the prompt of an answer ends with."""
    largest_block: int = 0

    def render(self, messages: Sequence[Message]) -> tuple[str, str]:
        if messages[0]["role"] == "system":
            raise TemplateRefusedError("no system prompt")
        said = " ".join(one["content"] for one in messages[:-1])
        return f"<u> {said} {self.opening}", f"<u> {said} <a> {messages[-1]['content']} <end>"

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        self.largest_block = max(self.largest_block, len(texts))
        return [[hash(word) for word in text.split()] for text in texts]

    def holds_text(self, tokens: Sequence[int]) -> bool:
        return bool(set(tokens) - {hash("<end>"), hash("<a>")})


def row(asked: str = "one two", answer: str = "three four") -> Row:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]


def check(*rows: Row, max_length: int | None = None, model: WordModel | None = None) -> ModelCheck:
    return check_rows(rows, model or WordModel(), max_length=max_length)


def test_tokens_are_counted_in_all_and_of_the_answers() -> None:
    found = check(row(), row("one", "two three four five"))
    assert (found.rows, found.tokens, found.trained_tokens, found.longest) == (2, 15, 8, 8)
    assert (found.too_long, found.untrained, found.misaligned) == ((), (), ())
    assert found.refusal is None


@pytest.mark.parametrize(
    ("max_length", "trained", "too_long", "fault"),
    [(7, 3, (), None), (6, 2, (1,), None), (5, 1, (1,), None), (4, 0, (1,), "cut"), (1, 0, (1,), "cut")],
)
def test_an_answer_is_trained_as_far_as_the_length_lets_it(
    max_length: int, trained: int, too_long: tuple[int, ...], fault: str | None
) -> None:
    found = check(row(), max_length=max_length)
    assert (found.tokens, found.trained_tokens, found.too_long) == (7, trained, too_long)
    assert [one.fault for one in found.untrained] == ([fault] if fault else [])


def test_the_length_of_the_tokenizer_counts_where_none_is_given() -> None:
    model = WordModel(max_length=4)
    assert check(row(), model=model).too_long == (1,)
    assert check(row(), model=model, max_length=100).too_long == ()
    assert check(row(), model=model).max_length == 4


@pytest.mark.parametrize("answer", ["", "   ", "<end>"])
def test_an_answer_without_text_trains_nothing(answer: str) -> None:
    found = check(row(), row(answer=answer))
    assert found.untrained == (UntrainedRow(2, "empty"),)
    assert found.refusal == (
        "models/tiny would learn nothing from 1 of 2 rows: row 2, whose answer its chat template leaves out."
    )


def test_an_answer_whose_text_begins_late_trains_something() -> None:
    assert check(row(answer="<end> " * 40 + "three")).refusal is None


def test_rows_that_the_template_refuses_are_told_in_its_words() -> None:
    asked: Row = [{"role": "system", "content": "Be brief."}, *row()]
    found = check(row(), asked, row())
    assert found.untrained == (UntrainedRow(2, "refused", "no system prompt"),)
    assert (found.rows, found.tokens) == (3, 14)
    assert found.refusal == (
        "models/tiny would learn nothing from 1 of 3 rows: row 2, which its chat template refuses (no system"
        " prompt)."
    )


def test_many_rows_are_named_by_the_first_few() -> None:
    found = check(*[row("a b c d e")] * 1200, max_length=3)
    assert found.refusal == (
        "models/tiny would learn nothing from 1,200 of 1,200 rows: "
        + "; ".join(
            f"row {number}, whose prompt alone reaches the maximum length of 3 tokens"
            for number in range(1, 6)
        )
        + "; and 1,195 more."
    )
    assert [one.number for one in found.untrained] == list(range(1, 1201))


@pytest.mark.parametrize(("count", "ending"), [(5, "tokens."), (6, "; and 1 more.")])
def test_only_what_is_not_named_is_counted(count: int, ending: str) -> None:
    refusal = check(*[row("a b c d e")] * count, max_length=3).refusal
    assert refusal is not None
    assert refusal.endswith(ending)


def test_a_prompt_that_reads_otherwise_with_the_answer_is_told() -> None:
    found = check(row(), model=WordModel(opening="<a> <think>"))
    assert found.misaligned == (1,)
    assert found.refusal is None


def test_rows_are_read_in_blocks() -> None:
    model = WordModel()
    assert check_rows((row() for _ in range(2000)), model).rows == 2000
    assert model.largest_block < 1000


def test_no_rows_are_no_fault() -> None:
    assert check().refusal is None
