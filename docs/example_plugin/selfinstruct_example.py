"""A plugin: a filter, a shape of rows and an export format, in a package of its own."""

import operator
from collections.abc import Iterator

from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, required
from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.core.export.style import Style
from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import ThresholdFilter
from selfinstruct.core.filtering.setting_kinds import Count
from selfinstruct.db.records import TrainingRow


def _questions(candidate: Candidate) -> int:
    return candidate.text.count("?")


TOO_MANY_QUESTIONS = ThresholdFilter(
    "too_many_questions",
    measure=_questions,
    refuses=operator.gt,
    said=lambda _, count, most: f"It asks {count:g} questions; at most {most} are wanted.",
    setting=Count(
        name="max_questions",
        label="questions at most",
        description="The most question marks of an instruction.",
        default=3,
    ),
)


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    """Read a flashcard; raises RowError if it has no front or no back."""
    yield DataRow(line, required(fields, "front", "front"), output=required(fields, "back", "back"))


FLASHCARDS = Shape("flashcards", "flashcards", lambda fields: "front" in fields and "back" in fields, _read)


def _encode(row: TrainingRow, style: Style) -> Record:
    return {"front": style.question(row), "back": row.output}


CARDS = JsonFormat("flashcards", "front and back", _encode, joins=True)
