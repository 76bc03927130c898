"""Decontamination: rows that overlap with an evaluation set, by shared n-grams or by ROUGE-L of instructions.

Tokens are those of the workspace's language. The evaluation set is held in memory; rows stream through.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from selfinstruct.core.language.tokens import Codes, Vocabulary
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.ngram_index import NgramIndex
from selfinstruct.core.similarity.threshold_join import ThresholdJoin
from selfinstruct.core.util.blocks import in_blocks
from selfinstruct.db.records import TrainingRow

_BLOCK = 1024
"""Rows that are compared at once."""

Field = Literal["instruction", "input", "output"]
_FIELDS: tuple[Field, ...] = ("instruction", "input", "output")


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """A row of an evaluation set, and where it is."""

    file: str
    line: int
    instruction: str
    input: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a row has in common with a row of an evaluation set."""

    evaluation: EvaluationRow
    field: Field
    """The text of the evaluation row."""
    words: str = ""
    """The tokens that both share, or the whole text if it is too short for an n-gram; empty for ROUGE-L."""
    score: float | None = None
    """The ROUGE-L F-measure of the two instructions, if that is what reached its threshold."""

    @property
    def sentence(self) -> str:
        """What the overlap is, for people."""
        where = f"the {self.field} of row {self.evaluation.line} of {self.evaluation.file}"
        if self.score is not None:
            return f"Its instruction has a ROUGE-L of {self.score:.2f} with {where}."
        return f"It shares “{self.words}” with {where}."


class _Text(NamedTuple):
    """A text of a training row."""

    row: int
    content: str
    is_asked: bool
    """Whether it is of the user: an instruction, an input or a turn."""


def find_overlaps(
    rows: Iterable[TrainingRow],
    evaluation: Sequence[EvaluationRow],
    *,
    words: int = 8,
    near: float = 0.7,
    language: str,
) -> Iterator[tuple[TrainingRow, Overlap | None]]:
    """Yield each row with what it has in common with an evaluation set; None if it has nothing.

    A row overlaps if one of its texts (instruction, input, output, thoughts, system prompt or turn) shares
    `words` tokens in sequence with an instruction, input or output of the set, or if its instruction has a
    ROUGE-L of at least `near` with one of its instructions. An instruction or input of the set with fewer
    tokens than that must be the whole text of an instruction, input or turn of the user. A short output,
    such as "Yes", is compared with nothing: it would take every row with the same label.

    Args:
        rows: The rows; they are read in blocks.
        evaluation: The rows of the evaluation set.
        words: The length of an n-gram in tokens, at least 1: words, and in scripts without spaces characters.
        near: The ROUGE-L F-measure that counts as an overlap: above 0, up to 1.
        language: The code of the language, which decides what a token is.
    """
    known = _Evaluation(evaluation, words, near, language)
    for block in in_blocks(rows, _BLOCK):
        yield from zip(block, known.overlaps(block), strict=True)


class _Evaluation:
    """An evaluation set, indexed."""

    def __init__(self, rows: Sequence[EvaluationRow], words: int, near: float, language: str) -> None:
        self._rows, self._words, self._near = rows, words, near
        self._vocabulary = Vocabulary(language=language)
        texts = [getattr(row, field) for row in rows for field in _FIELDS]
        encoded = EncodedTexts(*self._vocabulary.encode(texts))
        self._ngrams = NgramIndex(encoded, words)
        self._short: dict[bytes | str, int] = {}
        for place, (text, codes) in enumerate(zip(texts, _parts(encoded), strict=True)):
            if len(codes) < words and text.strip() and place % len(_FIELDS) != _FIELDS.index("output"):
                self._short.setdefault(codes.tobytes() or text.strip(), place)
        firsts = {text: place for place, text in reversed([*enumerate(texts[:: len(_FIELDS)])])}
        members = np.array(sorted(firsts.values()), dtype=np.int64)
        self._instructions = ThresholdJoin()
        self._instructions.add(members, encoded.some(members * len(_FIELDS)))

    def overlaps(self, rows: Sequence[TrainingRow]) -> list[Overlap | None]:
        """What each row has in common with the set."""
        texts = [text for number, row in enumerate(rows) for text in _texts(number, row)]
        encoded = EncodedTexts(*self._vocabulary.encode([text.content for text in texts]))
        found: list[Overlap | None] = [None] * len(rows)
        names: list[str] = []
        for shared in self._ngrams.first_shared(encoded):
            number = texts[shared.text].row
            if found[number] is None:
                names = names or ["", *self._vocabulary.words()]
                words = " ".join(names[code] for code in shared.codes.tolist())
                found[number] = self._overlap(shared.indexed, words)
        for text, codes in zip(texts, _parts(encoded), strict=True):
            if found[text.row] is None and text.is_asked and len(codes) < self._words:
                whole = text.content.strip()
                if (place := self._short.get(codes.tobytes() or whole)) is not None:
                    found[text.row] = self._overlap(place, whole)
        self._add_near(rows, texts, encoded, found)
        return found

    def _add_near(
        self,
        rows: Sequence[TrainingRow],
        texts: Sequence[_Text],
        encoded: EncodedTexts,
        found: list[Overlap | None],
    ) -> None:
        """Add the nearest instruction of the set to rows without an overlap."""
        places: dict[str, int] = {}
        for place, text in enumerate(texts):
            if found[text.row] is None and (place == 0 or texts[place - 1].row != text.row):
                places.setdefault(text.content, place)
        asked = encoded.some(np.array([*places.values()], dtype=np.int64))
        pairs = self._instructions.above(asked, self._near)
        nearest: dict[str, tuple[float, int]] = {}
        instructions = [*places]
        for place, number, score in zip(
            pairs.asked.tolist(), pairs.ids.tolist(), pairs.scores.tolist(), strict=True
        ):
            best = (-score, number)
            nearest[instructions[place]] = min(best, nearest.get(instructions[place], best))
        for number, row in enumerate(rows):
            if found[number] is None and row.instruction in nearest:
                score, place = nearest[row.instruction]
                found[number] = Overlap(self._rows[place], "instruction", score=-score)

    def _overlap(self, place: int, words: str) -> Overlap:
        row, field = divmod(place, len(_FIELDS))
        return Overlap(self._rows[row], _FIELDS[field], words)


def _texts(number: int, row: TrainingRow) -> Iterator[_Text]:
    """The texts of a row, its instruction first."""
    yield _Text(number, row.instruction, is_asked=True)
    yield _Text(number, row.input, is_asked=True)
    yield _Text(number, row.output, is_asked=False)
    yield _Text(number, row.thoughts, is_asked=False)
    if row.conversation is not None:
        yield _Text(number, row.conversation.system, is_asked=False)
        for turn in row.conversation.turns:
            yield _Text(number, turn.content, is_asked=turn.role == "user")


def _parts(encoded: EncodedTexts) -> list[Codes]:
    """The tokens of each text."""
    return np.split(encoded.codes, np.cumsum(encoded.lengths))[: len(encoded)]
