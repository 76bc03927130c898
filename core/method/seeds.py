"""Seed tasks in a workspace: a new one is given them, and one that has them keeps them."""

from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.language.detect import other_language, pick_language
from selfinstruct.core.language.registry import AUTO, ENGLISH, Language, language, seed_tasks, with_seeds
from selfinstruct.core.method.seed_file import SeedTask, load
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.sources import SETTINGS_FILE, from_store
from selfinstruct.db.records import Label, NewInstance, Standing
from selfinstruct.db.workspace import Workspace


def built_in(code: str) -> Traversable:
    """The seed file that comes with the program for a language; the English one for `auto`.

    Raises:
        SettingsError: there is none.
    """
    found = seed_tasks(ENGLISH if code == AUTO else code)
    if found is None:
        raise SettingsError(
            f"No seed tasks come with the language {code}. Give your own with {setting('seeds')}, or take"
            f" another language: {', '.join(with_seeds())}."
        )
    return found


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
        SettingsError: the seed file is wrong, or holds other tasks than the workspace began with, or the
            language is another one.
    """
    if workspace.tasks.seeds():
        if settings.seeds is not None:
            _require_same(workspace, settings.seeds)
        return Planted(as_begun(workspace, settings))
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
    """Where the seed file was that a workspace began with; None when it was the built-in one."""
    return from_store(workspace.settings.read(), workspace.path).get("seeds")


def _require_same(workspace: Workspace, path: Path) -> None:
    """Make sure that a seed file holds the tasks that a workspace began with, wherever it is now.

    Raises:
        SettingsError: it cannot be read, or holds others.
    """
    try:
        given = load(path)
    except SettingsError as error:
        raise SettingsError(
            f"{error.sentence} {workspace.path} has its seed tasks already: leave {setting('seeds')} out."
        ) from error
    if [_content(seed) for seed in given] != _planted(workspace):
        raise _fixed(workspace, str(_begun_seeds(workspace) or "the built-in seeds"), "seeds")


_Content = tuple[str, Label, list[tuple[str, str]]]
"""What makes a seed task the one that it is: instruction, label, inputs with their outputs."""


def _content(seed: SeedTask) -> _Content:
    return seed.instruction, _label(seed), [(one.input, one.output) for one in seed.instances]


def _planted(workspace: Workspace) -> list[_Content]:
    found: list[_Content] = []
    for task in workspace.tasks.seeds():
        assert task.label is not None
        instances = workspace.instances.of_task(task.id)
        found.append((task.instruction, task.label, [(one.input, one.output) for one in instances]))
    return found


def _label(seed: SeedTask) -> Label:
    return "classification" if seed.is_classification else "generation"


def as_begun(workspace: Workspace, settings: Settings) -> Settings:
    """The settings with the language that a workspace began with, and where its seed file was.

    Raises:
        SettingsError: another language is asked for.
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
        f"{workspace.path} began with {begun_with}, which cannot be changed. Leave {setting(name)} out, on"
        f" the command line and in {SETTINGS_FILE}, or begin another workspace with --db."
    )
    if workspace.is_untouched():
        # Its seeds are decisions, and those are never deleted; with the whole file only its settings go.
        sentence += " Nothing has come of this one yet but its settings: it can be deleted, and begun again."
    return SettingsError(sentence)
