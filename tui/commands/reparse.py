"""`selfinstruct reparse`: reads stored answers again, shows what that changes, and applies it."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selfinstruct.db.records import Instance, Label, NewInstance
from selfinstruct.tui.commands.open_engine import open_engine
from selfinstruct.tui.commands.open_workspace import DbOption, open_workspace, sentences
from selfinstruct.tui.keys.key_names import with_keys
from selfinstruct.tui.text.safe_text import LABEL_WORDS, many, safe_line

if TYPE_CHECKING:
    from selfinstruct.core.engine import Engine
    from selfinstruct.core.reparsing.changes import Applied, Differences, InstancesChange, Spared, TaskChange

_MOST_SHOWN = 20
"""Changes of one kind that are listed; the rest are counted."""
_WIDTH = 70
"""Characters of a text that are shown."""


def reparse(
    db: DbOption = Path("selfinstruct.db"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
) -> None:
    """Read the stored answers again, by the rules of this version, and apply the difference.

    Tasks, labels and instances become what the answers say by these rules, with the settings of the next run:
    those of selfinstruct.toml in this folder, and those that the workspace remembers. No request is sent.
    Whatever a person has decided on stays as it is. All changes are one step, which one undo in the curator
    takes back.

    Reworded tasks need new labels and instances, and relabelled ones new instances: the next run requests
    them. Answers that could not be read before are taken in by the next run, which undo does not take back.

    Exit codes: 0 done, 1 the disk or the workspace fails, 2 there is no workspace.
    """
    with sentences(db), open_workspace(db, read_only=dry_run) as workspace:
        from selfinstruct.core.reparsing.differences import find_differences  # noqa: PLC0415 - imports the engine

        engine = open_engine(workspace)
        differences = find_differences(engine)
        typer.echo("\n".join(difference_lines(differences)))
        if differences.is_empty:
            return
        if dry_run:
            typer.echo("Nothing was changed. Without --dry-run, this is applied.")
            return
        applied = asyncio.run(_apply(engine, differences))
        typer.echo("\n".join(applied_lines(applied, engine.settings.keys)))


async def _apply(engine: "Engine", differences: "Differences") -> "Applied":
    from selfinstruct.core.reparsing.apply import applying  # noqa: PLC0415 - imports the engine
    from selfinstruct.core.util.time_slices import in_slices  # noqa: PLC0415 - as above

    async with engine:
        engine.enter()
        return await in_slices(applying(engine, differences))


def difference_lines(differences: "Differences") -> list[str]:
    """Return a summary of the differences, and each change, before and after."""
    lines = _summary(differences)
    refused = [one for one in differences.spared if one.why == "filters"]
    objections = [*_shown(map(_objection, refused), len(refused))]
    if differences.is_empty:
        nothing = f"Read {many(differences.answers, 'answer')} again: there is nothing to change."
        return [*lines, *objections, nothing]
    reworded = sorted(differences.reworded, key=lambda change: change.task.id)
    shown = [
        *_shown(map(_rewording, reworded), len(reworded)),
        *_shown(map(_rejection, differences.rejected), len(differences.rejected)),
        *_shown(map(_restoration, differences.restored), len(differences.restored)),
        *_shown(
            (f"request {one.request.id}  found  {_quoted(one.instruction)}" for one in differences.found),
            len(differences.found),
        ),
        *_shown(map(_relabelling, differences.relabelled), len(differences.relabelled)),
        *_shown(
            (line for change in differences.instances for line in _instance_lines(change)),
            sum(len(change.changes) for change in differences.instances),
        ),
        *_shown(
            (f"request {one.id}  can be read now, by the next run" for one in differences.readable),
            len(differences.readable),
        ),
        *objections,
    ]
    return [f"Read {many(differences.answers, 'answer')} again:", *lines, "", *shown, ""]


def _summary(differences: "Differences") -> list[str]:
    instances = Counter(one.what for change in differences.instances for one in change.changes)
    found = len(differences.found) + len(differences.restored)
    labels, tasks = differences.labels_again, differences.instances_again
    rows = {
        "tasks": {
            f"{len(differences.reworded):,} reworded": len(differences.reworded),
            f"{len(differences.rejected):,} rejected as not a task": len(differences.rejected),
            f"{found:,} found": found,
        },
        "labels": {f"{len(differences.relabelled):,} changed": len(differences.relabelled)},
        "instances": {
            f"{instances[what]:,} {what}": instances[what] for what in ("changed", "dropped", "found")
        },
        "answers": {
            f"{len(differences.readable):,} that could not be read and can be now": len(differences.readable),
            f"{differences.unreadable:,} that cannot be read now, left as before": differences.unreadable,
        },
        "spared": _spared(differences.spared),
        "requests": {
            f"{many(labels, 'label')} to request again": labels,
            f"instances of {many(tasks, 'task')} to request again": tasks,
        },
    }
    told = {name: ", ".join(text for text, number in row.items() if number) for name, row in rows.items()}
    return [f"{name:9}  {text}" for name, text in told.items() if text]


def _spared(spared: Iterable["Spared"]) -> dict[str, int]:
    spared = list(spared)
    of_tasks = {(one.why, one.task_id) for one in spared if not one.of_instance}
    counts = Counter((why, False) for why, _ in of_tasks)
    counts.update((one.why, True) for one in spared if one.of_instance)
    tasks, instances = counts["person", False], counts["person", True]
    refused, meanwhile = counts["filters", False], counts["meanwhile", False] + counts["meanwhile", True]
    return {
        f"{many(tasks, 'task')} that a person has decided on": tasks,
        f"{many(instances, 'instance')} that a person has decided on": instances,
        f"{many(refused, 'wording')} that the filters refuse": refused,
        f"{many(meanwhile, 'change')} overtaken by somebody else's": meanwhile,
    }


def applied_lines(applied: "Applied", keys: Mapping[str, str]) -> list[str]:
    """Return what was applied, how to take it back, and what was left out.

    Args:
        applied: What was applied.
        keys: The person's own key bindings, by action.
    """
    lines = []
    if applied.decisions:
        undoes = with_keys("{undo} in the curator takes it back.", keys)
        lines.append(f"Applied, as one step of {many(applied.decisions, 'decision')}: {undoes}")
    if applied.readable:
        which = "One answer" if applied.readable == 1 else f"{applied.readable:,} answers"
        lines.append(f"{which} will be taken in by the next run; undo does not take that back.")
    left_out = [text for text, number in _spared(applied.spared).items() if number]
    if left_out:
        lines.append(f"Left out: {', '.join(left_out)}. Run the command again to see what is left.")
    return lines


def _shown(lines: Iterable[str], number: int) -> Iterator[str]:
    """Yield the first lines of a kind, and how many more there are."""
    for _, line in zip(range(_MOST_SHOWN), lines, strict=False):
        yield line
    if number > _MOST_SHOWN:
        yield f"… and {number - _MOST_SHOWN:,} more of this kind"


def _rewording(change: "TaskChange") -> str:
    return _turned(f"task {change.task.id}", change.task.instruction, change.after.instruction)


def _rejection(change: "TaskChange") -> str:
    return f"task {change.task.id}  no task  {_quoted(change.task.instruction)}"


def _restoration(change: "TaskChange") -> str:
    return f"task {change.task.id}  found  {_quoted(change.task.instruction)}"


def _relabelling(change: "TaskChange") -> str:
    before, after = (_label(label) for label in (change.task.label, change.after.label))
    return f"task {change.task.id}  label  {before} → {after}"


def _label(label: Label | None) -> str:
    return LABEL_WORDS[label] if label else "no label"


def _instance_lines(change: "InstancesChange") -> Iterator[str]:
    for one in change.changes:
        subject = f"task {change.request.task_id}  instance"
        if one.read is None:
            assert one.stored is not None
            yield f"{subject} {one.what}  {_quoted(_pair(one.stored))}"
        elif one.stored is None or one.is_same_text:
            why = f": {safe_line(one.read.reason.sentence)}" if one.read.reason else ""
            what = one.read.state if one.what == "changed" else f"{one.what}, {one.read.state}"
            yield f"{subject} {what}  {_quoted(_pair(one.read))}{why}"
        else:
            yield _turned(subject, _pair(one.stored), _pair(one.read))


def _pair(instance: Instance | NewInstance) -> str:
    return f"{instance.input} ⇒ {instance.output}" if instance.input else instance.output


def _objection(spared: "Spared") -> str:
    assert spared.reason is not None
    return f"task {spared.task_id}  spared  {_quoted(spared.wording)}: {safe_line(spared.reason.sentence)}"


def _turned(subject: str, before: str, after: str) -> str:
    """Return a text before and after; both start shortly before the first difference."""
    same = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    start = max(0, (min(len(before), len(after)) if same is None else same) - _WIDTH // 2)
    before, after = (_quoted(f"…{text[start:]}" if start else text) for text in (before, after))
    return f"{subject}\n    before  {before}\n    after   {after}"


def _quoted(text: str) -> str:
    return f"“{safe_line(text, _WIDTH)}”"
