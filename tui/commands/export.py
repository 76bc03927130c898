"""`selfinstruct export`: training files, in a format or as a trainer reads them."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from selfinstruct.core.errors import ExportError, TargetExistsError
from selfinstruct.core.export.exported import Exported
from selfinstruct.core.export.files import STANDARD_OUTPUT, stream_export, write_export
from selfinstruct.core.export.format_kinds import SpreadsheetFormat
from selfinstruct.core.export.options import ExportOptions, Join, Preference, ThoughtsMode
from selfinstruct.core.export.registry import FORMATS
from selfinstruct.core.export.trainers.registry import TRAINERS
from selfinstruct.db.reads.counts import Training
from selfinstruct.db.records import Message
from selfinstruct.tui.commands.exit_codes import Exit, stop
from selfinstruct.tui.commands.open_workspace import DbOption, look_into, sentences
from selfinstruct.tui.text.safe_text import many, safe_line

if TYPE_CHECKING:
    FormatName = str
    TrainerName = str
else:
    FormatName = Literal[tuple(one.name for one in FORMATS)]
    TrainerName = Literal[tuple(one.name for one in TRAINERS)]

_SPREADSHEETS = " or ".join(one.name for one in FORMATS if isinstance(one, SpreadsheetFormat))
"""Formats whose cells a spreadsheet may run as formulas."""
_USUAL_FORMAT = FORMATS[0].name
_SHOWN = 5
"""Rows that a sentence names."""


def export(
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Output file, or the folder of what has several files; - is standard output.",
        ),
    ],
    export_format: Annotated[
        FormatName | None,
        typer.Option(
            "--format",
            metavar="NAME",
            show_default=_USUAL_FORMAT,
            help=" ".join(f"`{one.name}`: {one.about}." for one in FORMATS)
            + " JSON formats write one array if FILE ends in .json, else one object per line.",
        ),
    ] = None,
    trainer: Annotated[
        TrainerName | None,
        typer.Option(
            "--for",
            metavar="TRAINER",
            show_default="none",
            help="Write what a trainer reads, and check its rules. "
            + " ".join(f"`{one.name}`: {one.about}." for one in TRAINERS),
        ),
    ] = None,
    db: DbOption = Path("selfinstruct.db"),
    include_seeds: Annotated[bool, typer.Option("--include-seeds", help="Add the seed tasks.")] = False,
    max_instances: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, show_default="all", help="The most rows of one task."),
    ] = None,
    system: Annotated[
        str, typer.Option(metavar="TEXT", show_default="none", help="A system prompt for rows without one.")
    ] = "",
    join: Annotated[
        Join | None,
        typer.Option(
            show_default="blank-line, or the trainer's own way",
            help="What stands between instruction and input where they become one text.",
        ),
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            metavar="LINE",
            show_default="all",
            help="Only tasks that a filter line of the curator finds: 'label:clf score<0.5 haiku'.",
        ),
    ] = "",
    reviewed_only: Annotated[
        bool,
        typer.Option(
            "--reviewed-only", help="Only rows of which a person has decided on the task or the row itself."
        ),
    ] = False,
    split: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            show_default="one file",
            help="The share of rows for training, such as 0.9; the others go to a file for tests. Tasks and"
            " near-duplicates stay together, and labels keep their shares.",
        ),
    ] = None,
    thoughts: Annotated[
        ThoughtsMode,
        typer.Option(
            help="The reasoning that the stored answers hold: `keep` it before the output in <think> tags,"
            " `separate` it into a field, or `strip` it. Nothing is requested.",
        ),
    ] = "strip",
    preference: Annotated[
        Preference | None,
        typer.Option(
            show_default="none",
            help="From people's decisions. `dpo`: what they edited, before and after. `kto`: outputs that"
            " they edited, added, restored or dropped.",
        ),
    ] = None,
    preference_by_filters: Annotated[
        bool,
        typer.Option(
            "--preference-by-filters", help="With kto: outputs that rules dropped are undesirable too."
        ),
    ] = False,
    decontaminate: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            show_default="none",
            help="Leave out rows that share an n-gram with this evaluation set, or have an instruction with a"
            " ROUGE-L of 0.7 with one of its instructions, and list them. Repeatable.",
        ),
    ] = None,
    ngram: Annotated[int, typer.Option(metavar="N", help="Tokens in sequence that count as an overlap.")] = 8,
    check_model: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            show_default="none",
            help="Apply the chat template and tokenizer of the model in this folder, and refuse what would"
            " train on nothing.",
        ),
    ] = None,
    provenance: Annotated[
        bool,
        typer.Option(
            "--provenance",
            help="Write a file beside the data that says, row for row, where each came from: prompts, models,"
            " decisions.",
        ),
    ] = False,
    rng_seed: Annotated[
        int,
        typer.Option(metavar="N", help="Random seed for the order, the split, and the layouts of gpt3."),
    ] = 0,
    layouts: Annotated[
        str | None,
        typer.Option(
            metavar="paper|varied",
            show_default="paper",
            help="For gpt3: the published layouts, or ours, which vary part by part.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    guard_formulas: Annotated[
        bool,
        typer.Option(
            "--guard-formulas",
            help=f"In {_SPREADSHEETS}, put an apostrophe before cells that start with = + - @, a tab or a"
            " carriage return, which a spreadsheet may run as formulas. This changes what a model learns from"
            " the file.",
        ),
    ] = False,
) -> None:
    """Write the kept instances of accepted tasks as a training file, or as a trainer reads them.

    Exact duplicates are removed, and the rows are shuffled. Files are UTF-8.
    """
    if trainer is not None and export_format is not None:
        stop(ExportError(f"--for {trainer} has a format of its own. Leave out --format or --for."))
    options = ExportOptions(
        format=export_format or _USUAL_FORMAT,
        trainer=trainer,
        include_seeds=include_seeds,
        max_instances=max_instances,
        system=system,
        join=join,
        layouts=layouts,
        guard_formulas=guard_formulas,
        rng_seed=rng_seed,
        where=where,
        reviewed_only=reviewed_only,
        split=split,
        decontaminate=tuple(map(str, decontaminate or ())),
        ngram=ngram,
        thoughts=thoughts,
        preference=preference,
        preference_by_filters=preference_by_filters,
        provenance=provenance,
    )
    to_output = out == STANDARD_OUTPUT
    with sentences(db), look_into(db) as workspace:
        checker = None if check_model is None else _Checker(check_model, to_output=to_output)
        try:
            exported = (
                stream_export(workspace, sys.stdout.buffer, options, checker)
                if to_output
                else write_export(workspace, out, options, at=_now(), force=force, check=checker)
            )
        except TargetExistsError as error:
            stop(ExportError(f"{error.path} already exists. Give --force to replace it, or another --out."))
        training = workspace.training()
    for sentence in _outcome(exported, options, training):
        typer.echo(sentence, err=to_output)
    if not exported.rows:
        typer.echo(
            "The file is empty: no accepted task has kept instances yet. See:"
            f" selfinstruct status --db {safe_line(shlex.quote(str(db)))}",
            err=True,
        )
        raise typer.Exit(Exit.FAILED)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class _Checker:
    """Checks rows with the chat template and the tokenizer of a model, and says what it counted."""

    def __init__(self, folder: Path, *, to_output: bool) -> None:
        self._folder = folder
        self._to_output = to_output

    def __call__(self, rows: "Iterator[Sequence[Message]]") -> None:
        from selfinstruct.core.export.chat_model import FolderModel  # noqa: PLC0415 - an extra
        from selfinstruct.core.export.model_check import check_rows  # noqa: PLC0415 - as above

        found = check_rows(rows, FolderModel(self._folder))
        if found.refusal is not None:
            raise ExportError(found.refusal)
        sentence = (
            f"{many(found.tokens, 'token')} in all, {found.trained_tokens:,} of them trained; the longest row"
            f" has {found.longest:,}."
        )
        typer.echo(sentence, err=self._to_output)
        if found.too_long:
            shown = ", ".join(map(str, found.too_long[:_SHOWN]))
            more = f" and {len(found.too_long) - _SHOWN:,} more" if len(found.too_long) > _SHOWN else ""
            typer.echo(
                f"Over the model's length: rows {shown}{more}, in the order of their tasks.",
                err=self._to_output,
            )


def _outcome(exported: Exported, options: ExportOptions, training: Training) -> list[str]:
    """Return what was written and what was left out, as sentences."""
    tally = exported.tally
    files = " and ".join(safe_line(str(file.path)) for file in exported.files) or "standard output"
    seeds = f", {tally.of_seeds:,} from seeds" if options.include_seeds else ""
    lines = [f"Wrote {many(exported.rows, 'row')} to {files}: {tally.of_model:,} from accepted tasks{seeds}."]
    if exported.beside:
        names = ", ".join(safe_line(path.name) for path in exported.beside)
        lines.append(f"Beside the data: {names}.")
    if tally.formulas:
        lines.append(_about_formulas(tally.formulas, guarded=options.guard_formulas))
    told = {
        not_exported(replace(training, duplicates=tally.duplicates)): 1,
        f"{many(tally.conversations, 'conversation')}, which {options.format} has no place"
        " for": tally.conversations,
        f"{tally.over_limit:,} over {options.max_instances} of a task": tally.over_limit,
        f"{tally.unmatched:,} that --where does not find": tally.unmatched,
        f"{tally.unreviewed:,} that nobody has reviewed": tally.unreviewed,
        f"{len(tally.contaminated):,} that overlap with an evaluation set": len(tally.contaminated),
    }
    if listed := ", ".join(what for what, number in told.items() if number and what):
        lines.append(f"Kept but not exported: {listed}.")
    lines += [
        safe_line(f"Task {one.row.task_id}: {one.overlap.sentence}") for one in tally.contaminated[:_SHOWN]
    ]
    if options.thoughts != "strip":
        lines.append(f"{many(tally.with_thoughts, 'row')} with thoughts, {tally.without_thoughts:,} without.")
    if exported.command is not None:
        lines.append("Start the training with:")
        lines += [f"  {safe_line(line)}" for line in exported.command.splitlines()]
    return lines


def _about_formulas(cells: int, *, guarded: bool) -> str:
    what = f"{many(cells, 'cell')} {'starts' if cells == 1 else 'start'} like a formula"
    if guarded:
        return f"{what}: prefixed with an apostrophe."
    return f"{what}, which a spreadsheet may run: --guard-formulas prefixes an apostrophe."


def not_exported(training: Training) -> str:
    """Return why there are fewer rows than kept instances; empty if there are not."""
    outside, otherwise = training.of_tasks_outside_the_pool, training.of_other_wordings
    told = {
        f"{outside:,} of tasks that are not accepted": outside,
        f"{otherwise:,} generated for another wording or label": otherwise,
        many(training.duplicates, "exact duplicate"): training.duplicates,
    }
    return ", ".join(what for what, number in told.items() if number)
