"""Seed tasks, in the format in which the paper's were published: one JSON object a line."""

import json
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError, field_validator

from selfinstruct.core.errors import SettingsError, why
from selfinstruct.core.language.detect import other_language, pick_language
from selfinstruct.core.language.registry import AUTO, ENGLISH, Language, language, seed_tasks, with_seeds
from selfinstruct.core.settings.messages import objection
from selfinstruct.core.settings.model import Settings
from selfinstruct.db.records import Label, NewInstance, Standing
from selfinstruct.db.workspace import Workspace

FEWEST_SEEDS = 8
"""A propose prompt lists eight instructions, all of them seeds at first."""


class SeedInstance(BaseModel):
    """One input, which may be empty, and its output."""

    input: str = ""
    output: str = Field(min_length=1)


class SeedTask(BaseModel):
    """One line of a seed file; other keys are let pass."""

    id: str
    name: str = ""
    instruction: str = Field(min_length=1)
    is_classification: bool
    instances: list[SeedInstance] = Field(min_length=1)

    @field_validator("instruction")
    @classmethod
    def _has_words(cls, instruction: str) -> str:
        if not instruction.strip():
            raise ValueError("it is blank")
        return instruction.strip()


def built_in(code: str) -> Traversable:
    """The seed file that comes with the program for a language; the English one for `auto`.

    Raises:
        SettingsError: there is none.
    """
    found = seed_tasks(ENGLISH if code == AUTO else code)
    if found is None:
        raise SettingsError(
            f"No seed tasks come with the language {code}. Give your own with --seeds, or take another"
            f" language: {', '.join(with_seeds())}."
        )
    return found


def load(source: Traversable | Path) -> list[SeedTask]:
    """Read a seed file; blank lines are skipped.

    Raises:
        SettingsError: the file cannot be read, a line is wrong (its number is said), an id or an
            instruction comes twice, or there are fewer than eight tasks.
    """
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise SettingsError(f"The seed file {source.name} cannot be read: {why(error)}.") from error
    tasks: list[SeedTask] = []
    lines: dict[str, int] = {}
    # Not splitlines(): a U+2028 inside a JSON string does not end a line.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        task = _parse(line, f"line {number} of {source.name}")
        for key in (f"id {task.id}", f"instruction {task.instruction}"):
            if key in lines:
                what = key.split(" ", 1)[0]
                raise SettingsError(
                    f"In line {number} of {source.name}, the {what} is that of line {lines[key]} again."
                    " Remove one of them."
                )
            lines[key] = number
        tasks.append(task)
    if len(tasks) < FEWEST_SEEDS:
        raise SettingsError(f"{source.name} has {len(tasks)} tasks; at least {FEWEST_SEEDS} are needed.")
    if not any(task.is_classification for task in tasks) or all(task.is_classification for task in tasks):
        raise SettingsError(
            f"{source.name} needs classification tasks and others, as examples of both: set"
            " is_classification in some tasks only."
        )
    return tasks


def _parse(line: str, where: str) -> SeedTask:
    try:
        return SeedTask.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        if not field:
            raise SettingsError(f"In {where}, a JSON object is wanted, with braces around it.") from None
        if first["type"] == "missing":
            raise SettingsError(f"In {where}, the field {field} is missing.") from None
        raise SettingsError(f"In {where}, {field} is wrong: {objection(first)}.") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"In {where}, the JSON is wrong: {error}.") from None


@dataclass(frozen=True, slots=True)
class Planted:
    """How things stand once a workspace has its seed tasks."""

    settings: Settings
    """With the language of the workspace, which `auto` finds in the seed tasks."""
    in_language: Language | None = None
    """What the seed tasks that it was given now are in, if that is clearly another language."""


def plant(workspace: Workspace, settings: Settings, *, at: str) -> Planted:
    """Give a new workspace its seed tasks, accepted; one that has tasks keeps what it has.

    Raises:
        SettingsError: the seed file is wrong, or is another one than the workspace began with, or so is the
        language.
    """
    if workspace.tasks.seeds():
        begun_with = workspace.settings.read().get("seeds")
        if settings.seeds is not None and str(settings.seeds.absolute()) != begun_with:
            raise _fixed(workspace, str(begun_with or "the built-in seeds"), "--seeds")
        return Planted(as_begun(workspace, settings))
    seeds = load(settings.seeds or built_in(settings.language))
    texts = [seed.instruction for seed in seeds]
    other = None
    if settings.language == AUTO:
        settings = settings.in_language(pick_language(texts))
    elif settings.seeds is not None:
        other = other_language(texts, language(settings.language))
    for seed in seeds:
        label: Label = "classification" if seed.is_classification else "generation"
        task_id = workspace.tasks.add(
            seed.instruction, origin="seed", name=seed.name or seed.id, label=label, at=at
        )
        workspace.decisions.add(
            task_id,
            "accept",
            step=workspace.decisions.next_step(),
            who="auto",
            at=at,
            before=Standing("pending", seed.instruction, label),
            after=Standing("accepted", seed.instruction, label),
        )
        instances = [NewInstance(instance.input, instance.output) for instance in seed.instances]
        workspace.instances.add(task_id, seed.instruction, label, instances, request_id=None)
    return Planted(settings, other)


def as_begun(workspace: Workspace, settings: Settings) -> Settings:
    """The settings with the language that a workspace began with.

    Raises:
        SettingsError: another one is asked for.
    """
    begun_with = str(workspace.settings.read().get("language", ENGLISH))
    if settings.language == begun_with:
        return settings
    if "language" in settings.model_fields_set and settings.language != AUTO:
        raise _fixed(workspace, f"the language {begun_with}", "--language")
    return settings.in_language(begun_with)


def _fixed(workspace: Workspace, begun_with: str, flag: str) -> SettingsError:
    sentence = (
        f"{workspace.path} began with {begun_with}, which cannot be changed. Leave {flag} out, or begin"
        " another workspace with --db."
    )
    if workspace.is_untouched():
        # Its seeds are decisions, and those are never deleted; with the whole file only its settings go.
        sentence += " Nothing has come of this one yet but its settings: it can be deleted, and begun again."
    return SettingsError(sentence)
