"""Decisions as scripts write them: a JSON object on each line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from selfinstruct.core.errors import SelfInstructError
from selfinstruct.core.util.did_you_mean import NEAR_IN_TABLE, nearest
from selfinstruct.core.util.json_problem import json_problem
from selfinstruct.db.records import Label, SuggestedKind

OnTask = Literal["accept", "reject", "edit", "label", "restore", "undo"]
OnInstance = Literal["keep", "drop", "edit"]

_FIELDS: dict[str, tuple[str, ...]] = {
    "accept": ("despite",),
    "reject": ("reason",),
    "edit": ("instruction",),
    "label": ("label",),
    "restore": (),
    "undo": (),
}
"""The fields of each decision on a task, besides `id` and `decision`."""
_OF_INSTANCES: dict[str, tuple[str, ...]] = {"keep": (), "drop": (), "edit": ("input", "output")}
_SUGGESTED: dict[str, tuple[str, ...]] = {
    "accept": ("reason",),
    "reject": ("reason",),
    "edit": ("instruction", "reason"),
}
_REQUIRED = {"instruction", "label"}
_LABELS: tuple[Label, ...] = ("classification", "generation")
_LAST_ID = 2**63 - 1
"""The highest number that SQLite can hold."""


class LineError(SelfInstructError):
    """A line is no decision; the message is a sentence that continues "Line 3: "."""


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision on a task, or on one of its instances; which fields are set depends on it."""

    id: int
    """The task."""
    decision: OnTask | OnInstance
    instance: int | None = None
    """The instance decided on; None for the task itself."""
    instruction: str = ""
    """The new wording."""
    label: Label = "generation"
    input: str | None = None
    """The new input of the instance; None leaves it."""
    output: str | None = None
    reason: str | None = None
    """Why a task is rejected, or why something is suggested."""
    despite: bool = False
    """Whether to accept despite the filters."""

    @property
    def suggestion(self) -> SuggestedKind:
        """The decision, of a line that was read as a suggestion."""
        return cast("SuggestedKind", self.decision)


def read_line(line: str, *, suggested: bool = False) -> DecisionLine:
    """Read a line.

    Args:
        line: A JSON object; docs/automation.md has its fields.
        suggested: Whether it is to be left to a person, which only `accept`, `reject` and `edit` can be.

    Raises:
        LineError: It is none; unknown fields are refused, too.
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineError(f"it is not JSON: {json_problem(error, of_line=True)}.") from error
    if not isinstance(found, dict):
        raise LineError('it is not an object, such as {"id": 204, "decision": "accept"}.')
    given = {name: value for name, value in found.items() if value is not None}
    is_of_instance = "instance" in given
    if is_of_instance and suggested:
        raise LineError("decisions on instances cannot be suggested: decide, or leave the line out.")
    if "decision" not in given and (typed := nearest("decision", given)) is not None:
        raise LineError(f"{typed} is not a field; did you mean decision?")
    known = _SUGGESTED if suggested else _OF_INSTANCES if is_of_instance else _FIELDS
    decision = _decision(given.get("decision"), known)
    fields = known[decision]
    names = ("id", "decision", *(["instance"] if is_of_instance else []), *fields)
    if (unknown := next((name for name in given if name not in names), None)) is not None:
        near = nearest(unknown, names, least=NEAR_IN_TABLE)
        meant = f"did you mean {near}?" if near else f"it takes {', '.join(names)}."
        raise LineError(f"{decision} has no field {unknown}; {meant}")
    for name in ("id", *_REQUIRED.intersection(fields)):
        if name not in given:
            raise LineError(f"{decision} needs {name}.")
    if is_of_instance and decision == "edit" and not {"input", "output"} & set(given):
        raise LineError("edit of an instance needs input, output or both.")
    return DecisionLine(**{name: _checked(name, value) for name, value in given.items()})


def _decision(decision: Any, known: Mapping[str, Any]) -> str:
    if isinstance(decision, str):
        if decision in known:
            return decision
        if decision in _OF_INSTANCES and known is _FIELDS:
            raise LineError(f"{decision} needs instance: it is a decision on an instance.")
    near = nearest(decision, known, least=NEAR_IN_TABLE) if isinstance(decision, str) else None
    meant = f"; did you mean {near}?" if near else "."
    what = "what is suggested" if known is _SUGGESTED else "decision"
    raise LineError(f"{what} is one of {', '.join(known)}{meant}")


def _checked(name: str, value: Any) -> Any:
    if name in {"id", "instance"}:
        if type(value) is not int or not 0 < value <= _LAST_ID:
            raise LineError(f"{name} is a number, such as 204.")
    elif name == "despite":
        if not isinstance(value, bool):
            raise LineError("despite is true or false.")
    elif not isinstance(value, str):
        raise LineError(f"{name} is a text.")
    elif name == "label" and value not in _LABELS:
        near = nearest(value, _LABELS)
        told = f"label is one of {', '.join(_LABELS)}"
        raise LineError(f"{told}; did you mean {near}?" if near else f"{told}.")
    return value
