"""Seed tasks of a workspace, stored once when the workspace is new."""

from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.language.detect import other_language, pick_language
from selfinstruct.core.language.registry import AUTO, ENGLISH, Language, language, seed_tasks, with_seeds
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.sources import SETTINGS_FILE, from_store
from selfinstruct.db.records import Label, NewInstance, Standing
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.method.seed_file import SeedTask


def built_in(code: str) -> Traversable:
    """The built-in seed file of a language; the English one for `auto`.

    Raises:
        SettingsError: the language has no built-in seeds.
    """
    found = seed_tasks(ENGLISH if code == AUTO else code)
    if found is None:
        raise SettingsError(
            f"The language {code} has no built-in seed tasks. Give your own with {setting('seeds')}, or"
            f" choose another language: {', '.join(with_seeds())}."
        )
    return found


@dataclass(frozen=True, slots=True)
class Planted:
    """The result of `plant`."""

    settings: Settings
    """The settings with the language of the workspace resolved; `auto` detects it from the seed tasks."""
    in_language: Language | None = None
    """The detected language of newly stored seed tasks, if it clearly differs from the settings."""


def plant(workspace: Workspace, settings: Settings, *, at: str) -> Planted:
    """Store the seed tasks in a new workspace, as accepted; a workspace that has seeds keeps them.

    Raises:
        SettingsError: the seed file is invalid, or its tasks or the language differ from those that the
            workspace was started with.
    """
    if workspace.tasks.seeds():
        if settings.seeds is not None:
            _require_same(workspace, settings.seeds)
        return Planted(as_begun(workspace, settings))
    from selfinstruct.core.method.seed_file import load  # noqa: PLC0415 - only a new workspace needs it

    seeds = load(settings.seeds or built_in(settings.language))
    texts = [seed.instruction for seed in seeds]
    other = None
    if settings.language == AUTO:
        settings = settings.in_language(pick_language(texts))
    elif settings.seeds is not None:
        other = other_language(texts, language(settings.language))
    for seed in seeds:
        label = _label(seed)
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


def _begun_seeds(workspace: Workspace) -> Path | None:
    """The path of the seed file that a workspace was started with; None for the built-in seeds."""
    return from_store(workspace.settings.read(), workspace.path).get("seeds")


def _require_same(workspace: Workspace, path: Path) -> None:
    """Check that a seed file contains the tasks that a workspace was started with, whatever its path.

    Raises:
        SettingsError: the file cannot be read, or its tasks differ.
    """
    from selfinstruct.core.method.seed_file import load  # noqa: PLC0415 - as above

    try:
        given = load(path)
    except SettingsError as error:
        raise SettingsError(
            f"{error.sentence} {workspace.path} already has its seed tasks: leave {setting('seeds')} out."
        ) from error
    if [_content(seed) for seed in given] != _planted(workspace):
        raise _fixed(workspace, str(_begun_seeds(workspace) or "the built-in seeds"), "seeds")


_Content = tuple[str, Label, list[tuple[str, str]]]
"""The identity of a seed task: instruction, label, and (input, output) pairs."""


def _content(seed: "SeedTask") -> _Content:
    return seed.instruction, _label(seed), [(one.input, one.output) for one in seed.instances]


def _planted(workspace: Workspace) -> list[_Content]:
    """The seed tasks that a workspace was started with, without those that were imported since."""
    found: list[_Content] = []
    seeds = workspace.tasks.seeds()
    imported = workspace.imports.imported_among(task.id for task in seeds)
    for task in seeds:
        if task.id in imported:
            continue
        assert task.label is not None
        instances = workspace.instances.of_task(task.id)
        found.append((task.instruction, task.label, [(one.input, one.output) for one in instances]))
    return found


def _label(seed: "SeedTask") -> Label:
    return "classification" if seed.is_classification else "generation"


def as_begun(workspace: Workspace, settings: Settings) -> Settings:
    """The settings with the language and seed file path that a workspace was started with.

    Raises:
        SettingsError: the settings ask for a different language.
    """
    if settings.seeds is None and (seeds := _begun_seeds(workspace)) is not None:
        settings = settings.model_copy(update={"seeds": seeds})
    begun_with = str(workspace.settings.read().get("language", ENGLISH))
    if settings.language == begun_with:
        return settings
    if "language" in settings.model_fields_set and settings.language != AUTO:
        raise _fixed(workspace, f"the language {begun_with}", "language")
    return settings.in_language(begun_with)


def _fixed(workspace: Workspace, begun_with: str, name: str) -> SettingsError:
    sentence = (
        f"{workspace.path} was started with {begun_with}, which cannot be changed. Leave {setting(name)} out,"
        f" on the command line and in {SETTINGS_FILE}, or start another workspace with --db."
    )
    if workspace.is_untouched():
        # Seeds are decisions, which are never deleted. Deleting the whole file loses nothing but settings.
        sentence += (
            " This workspace contains only seeds and settings so far: you can delete it and start over."
        )
    return SettingsError(sentence)
