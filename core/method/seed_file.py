"""Seed files: the format of the paper's seed tasks, one JSON object a line or all in one JSON array."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from selfinstruct.core.errors import SettingsError, why
from selfinstruct.core.settings.messages import explain
from selfinstruct.core.util.did_you_mean import nearest
from selfinstruct.core.util.json_problem import json_problem
from selfinstruct.core.util.storable_text import CANNOT_BE_STORED, is_storable

FEWEST_SEEDS = 8
"""The in-context examples of a propose prompt, which are all seeds at first."""

_MOST_TOLD = 3
"""Problems that a message lists individually."""
_SHAPE = '{"instruction": "...", "is_classification": false, "instances": [{"input": "", "output": "..."}]}'
_OF_INSTANCE = ("input", "output")
_FOREIGN = {
    "messages": "chat rows (messages)",
    "conversations": "chat rows (conversations)",
    "completion": "prompt and completion rows",
}
"""Keys that identify other kinds of training files, whose rows lack the fields of a seed task."""


class _Checked(BaseModel):
    @field_validator("*", mode="before")
    @classmethod
    def _trimmed(cls, value: Any) -> Any:
        if isinstance(value, str):
            if not is_storable(value):
                raise ValueError(CANNOT_BE_STORED)
            return value.strip()
        return value


class SeedInstance(_Checked):
    """An input, which may be empty, and its output."""

    input: str = ""
    output: str = Field(min_length=1)

    @field_validator("input", mode="before")
    @classmethod
    def _null_is_empty(cls, value: Any) -> Any:
        return "" if value is None else value


class SeedTask(_Checked):
    """A seed task; other keys are ignored."""

    id: str = ""
    name: str = ""
    instruction: str = Field(min_length=1)
    is_classification: bool
    instances: list[SeedInstance] = Field(min_length=1)

    @field_validator("id", "name", mode="before")
    @classmethod
    def _number_is_text(cls, value: Any, info: ValidationInfo) -> Any:
        del info
        if value is None:
            return ""
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    """Its location, such as `line 3` or `item 3`."""
    value: Any
    problem: str = ""
    """Why it could not be parsed."""


def load(source: Traversable | Path) -> list[SeedTask]:
    """Read a seed file, skipping blank lines and trimming whitespace around texts.

    Raises:
        SettingsError: the file cannot be read or is another kind of file, tasks in it are invalid (the
            message lists the first few), an id or instruction is repeated, it has fewer than
            `FEWEST_SEEDS` tasks, or only tasks of one kind.
    """
    path = source.absolute() if isinstance(source, Path) else source
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise SettingsError(f"The seed file {path} cannot be read: {why(error)}.") from error
    rows = list(_rows(text, path))
    _require_json_lines(rows, text, path)
    _require_own_kind(rows, path)
    tasks, problems = _parse_all(rows)
    if problems:
        raise SettingsError(_told(problems, path))
    if len(tasks) < FEWEST_SEEDS:
        raise SettingsError(f"{path} has {len(tasks)} tasks; at least {FEWEST_SEEDS} are needed.")
    if len({task.is_classification for task in tasks}) == 1:
        raise SettingsError(
            f"{path} needs both classification tasks and other tasks, as examples of each: set"
            " is_classification to true in some tasks and to false in others."
        )
    return tasks


def _rows(text: str, path: object) -> Iterator[_Row]:
    if text.lstrip()[:1] == "[":
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SettingsError(
                f"The JSON array in {path} is invalid: {json_problem(error, of_line=False)}."
            ) from None
        yield from (_Row(f"item {number}", value) for number, value in enumerate(values, start=1))
        return
    # Not splitlines(): a U+2028 inside a JSON string does not end a line.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield _Row(f"line {number}", json.loads(line))
            except (ValueError, RecursionError) as error:
                yield _Row(
                    f"line {number}", None, f"the JSON is invalid: {json_problem(error, of_line=True)}"
                )


def _require_json_lines(rows: list[_Row], text: str, path: object) -> None:
    """Reject a file without any JSON object with one message, instead of line by line.

    Raises:
        SettingsError: it is some other text, or its objects extend over several lines.
    """
    if not rows or not rows[0].problem or any(isinstance(row.value, dict) for row in rows):
        return
    if len(rows) > 1 or not text.lstrip().startswith("{"):
        raise SettingsError(
            f"{path} is not JSON Lines: in {rows[0].place}, {rows[0].problem}. Write each seed task on a line"
            f" of its own, as {_SHAPE}."
        )


def _require_own_kind(rows: list[_Row], path: object) -> None:
    """Reject other kinds of training files with one message, instead of field by field.

    Raises:
        SettingsError: the rows are those of a training file.
    """
    first = rows[0].value if rows else None
    if not isinstance(first, dict) or "instances" in first:
        return
    if {"instruction", "output"} <= first.keys() and "is_classification" not in first:
        raise SettingsError(
            f"{path} contains Alpaca rows (instruction, input, output). To use them as seed tasks, add"
            " is_classification to each: true if its output is one of a few labels, otherwise false."
        )
    for key, kind in _FOREIGN.items():
        if key in first and "instruction" not in first:
            raise SettingsError(f"{path} contains {kind}, not seed tasks. Write each as {_SHAPE}.")


def _parse_all(rows: list[_Row]) -> tuple[list[SeedTask], list[tuple[str, str]]]:
    """Parse all rows; returns the valid tasks, and (place, clause) for each problem."""
    tasks: list[SeedTask] = []
    problems: list[tuple[str, str]] = []
    places: dict[tuple[str, str], str] = {}
    for row in rows:
        try:
            if row.problem:
                raise ValueError(row.problem)
            task = _parse(row.value)
            for what, key in (("id", task.id), ("instruction", task.instruction)):
                if key and (before := places.setdefault((what, key), row.place)) != row.place:
                    raise ValueError(f"the {what} repeats that of {before}; remove one of them")
        except ValidationError as error:
            problems.append((row.place, _explain_all(error.errors(include_url=False))))
        except ValueError as error:
            problems.append((row.place, str(error)))
        else:
            tasks.append(task)
    return tasks, problems


def _parse(value: Any) -> SeedTask:
    """Parse a task, whose only instance may be in the row itself, as in Alpaca rows.

    Raises:
        ValueError: the row is invalid; there may be several problems.
    """
    if not isinstance(value, dict):
        raise ValueError("it must be a JSON object, with braces around it")
    _require_spelling(value)
    if "instances" not in value and "output" in value:
        instance = {name: value[name] for name in ("input", "output") if name in value}
        value = {**value, "instances": [instance]}
    return SeedTask.model_validate(value)


def _require_spelling(value: dict[str, Any]) -> None:
    """Reject a field whose name is close to that of a missing one, since other fields are ignored.

    Raises:
        ValueError: there is such a field.
    """
    own = () if "instances" in value else _OF_INSTANCE
    instances = value.get("instances")
    tables = [(value, ("instruction", "is_classification", "instances", *own))]
    tables += [(one, _OF_INSTANCE) for one in (instances if isinstance(instances, list) else ())]
    for table, known in tables:
        if not isinstance(table, dict):
            continue
        missing = [name for name in known if name not in table]
        for name in table:
            if (
                name not in SeedTask.model_fields
                and name not in known
                and (near := nearest(name.lower(), missing))
            ):
                raise ValueError(f"the field {name} is unknown; rename it to {near}")


def _explain_all(errors: list[ErrorDetails]) -> str:
    """Describe all errors of a task: missing fields first, then invalid ones."""
    missing = [_field(error) for error in errors if error["type"] == "missing"]
    told = []
    if missing:
        told.append(
            f"the field {missing[0]} is missing"
            if len(missing) == 1
            else f"the fields {', '.join(missing[:-1])} and {missing[-1]} are missing"
        )
    for error in errors:
        field = _field(error) if len(error["loc"]) == 1 else f"the {_field(error)}"
        if error["type"] == "string_type" and isinstance(error["input"], int | float):
            told.append(f'{field} is wrong: it must be text, as in "{json.dumps(error["input"])}"')
        elif error["type"] == "string_too_short":
            told.append(f"{field} is blank")
        elif error["type"] != "missing":
            told.append(f"{field} is wrong: {explain(error)}")
    return " and ".join(told[:_MOST_TOLD])


def _field(error: ErrorDetails) -> str:
    """The name of a field, such as `instruction` or `output of instance 1`."""
    match error["loc"]:
        case ("instances", int(place), str(name)):
            return f"{name} of instance {place + 1}"
        case ("instances", int(place)):
            return f"instance {place + 1}"
        case place:
            return ".".join(map(str, place))


def _told(problems: list[tuple[str, str]], path: object) -> str:
    if len(problems) == 1:
        place, problem = problems[0]
        return f"In {place} of {path}, {problem}."
    listed = "; ".join(f"{place}: {problem}" for place, problem in problems[:_MOST_TOLD])
    more = len(problems) - _MOST_TOLD
    return f"{path} has {len(problems)} invalid tasks. {listed}{f'; and {more} more' if more > 0 else ''}."
