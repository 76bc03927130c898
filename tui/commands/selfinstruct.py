"""`selfinstruct`: export, status, check, backup and reparsing of a workspace, and near-duplicate removal."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from selfinstruct.db.reads.counts import Counts, Training
from selfinstruct.db.records import JobOut
from selfinstruct.db.sqlite.connection import Storage
from selfinstruct.tui.commands import dedupe
from selfinstruct.tui.commands.check_and_backup import backup, check
from selfinstruct.tui.commands.decide import decide
from selfinstruct.tui.commands.exit_codes import run
from selfinstruct.tui.commands.export import export, not_exported
from selfinstruct.tui.commands.exports import diff, exports
from selfinstruct.tui.commands.import_data import import_data
from selfinstruct.tui.commands.list_tasks import list_tasks
from selfinstruct.tui.commands.open_workspace import DbOption, look_into, sentences
from selfinstruct.tui.commands.options import Command, Program, VersionOption
from selfinstruct.tui.commands.reparse import reparse
from selfinstruct.tui.commands.search import search
from selfinstruct.tui.commands.show import show
from selfinstruct.tui.text.job_text import about_out
from selfinstruct.tui.text.safe_text import (
    LABEL_WORDS,
    STATE_WORDS,
    cost_text,
    many,
    safe,
    usd_text,
    verdict_word,
)

app = typer.Typer(
    cls=Program,
    help="Export training files from a workspace of selfinstruct-tui, show what is in it, check and copy it,"
    " read its answers again, or remove near-duplicates from files.",
    epilog="Examples:\n\n"
    "    selfinstruct status --db movies.db\n\n"
    "    selfinstruct export --db movies.db --format messages --out movies.jsonl\n\n"
    "    selfinstruct dedupe old.jsonl new.jsonl --out all.jsonl",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.callback()
def _program(_version: VersionOption = False) -> None:
    """Parse the options before the command; `app` has the help text."""


app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "    selfinstruct export --db movies.db --format messages --out movies.jsonl\n\n"
    "    selfinstruct export --db movies.db --for trl --out movies-trl\n\n"
    "    selfinstruct export --db movies.db --format alpaca --out movies.json --include-seeds\n\n"
    "Exit codes: 0 done, 1 the file is written but empty, or the disk or the workspace fails, 2 usage"
    " error.",
)(export)
app.command(
    name="dedupe",
    cls=Command,
    epilog="Examples:\n\n"
    "    selfinstruct dedupe old.jsonl new.jsonl --out all.jsonl\n\n"
    "    selfinstruct dedupe *.jsonl --out all.jsonl --threshold 0.6 --report removed.jsonl",
)(dedupe.dedupe)
app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "    selfinstruct check --db movies.db\n\n"
    "    selfinstruct check --db movies.db --repair",
)(check)
app.command(cls=Command, epilog="Example:\n\n    selfinstruct backup --db movies.db --out movies-friday.db")(
    backup
)
app.command(
    name="import",
    cls=Command,
    epilog="Examples:\n\n"
    "    selfinstruct import alpaca.json --db movies.db\n\n"
    "    selfinstruct import faq.csv --map instruction=question --map output=answer --dry-run\n\n"
    "    selfinstruct import train.jsonl.gz --as accepted --db new.db\n\n"
    "Exit codes: 0 done, 1 no row of a file could be imported, or the disk or the workspace fails, 2 usage"
    " error, 130 interrupted.",
)(import_data)
app.command(cls=Command, epilog="Example:\n\n    selfinstruct exports --db movies.db")(exports)
app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "    selfinstruct diff 1 2 --db movies.db\n\n"
    "    selfinstruct diff movies.jsonl now --db movies.db",
)(diff)
app.command(
    cls=Command,
    epilog="Examples:\n\n"
    "    selfinstruct reparse --db movies.db --dry-run\n\n"
    "    selfinstruct reparse --db movies.db",
)(reparse)

app.command(
    name="list",
    cls=Command,
    epilog="Examples:\n\n"
    "    selfinstruct list --db movies.db --where 'state:undecided score<0.3'\n\n"
    "    selfinstruct list --db movies.db --json | jq -r .instruction",
)(list_tasks)
app.command(cls=Command, epilog="Example:\n\n    selfinstruct show --db movies.db 204 --json")(show)
app.command(
    cls=Command,
    epilog="Example:\n\n    selfinstruct search --db movies.db 'Write a haiku about the sea.'",
)(search)
app.command(
    cls=Command,
    epilog="Example:\n\n"
    '    echo \'{"id": 204, "decision": "reject", "reason": "unclear"}\' |\n'
    "      selfinstruct decide --db movies.db --as anna\n\n"
    "Exit codes: 0 every line is done, or was done already; 1 the disk or the workspace fails; 2 usage error;"
    " 6 lines were refused, or were no decisions.",
)(decide)


@app.command(cls=Command, epilog="Example:\n\n    selfinstruct status --db movies.db --json | jq .pool.model")
def status(
    db: DbOption = Path("selfinstruct.db"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Show counts: pool, candidates, verdicts, labels, instances, requests, tokens, cost.

    The last line names the SQLite version in use, and the workspace's journal mode.
    """
    with sentences(db), look_into(db) as workspace:
        known = *workspace.status(), workspace.storage()
        text = json.dumps(status_document(*known), indent=2) if as_json else "\n".join(status_lines(*known))
    typer.echo(safe(text))


def _rounded(usd: float | None) -> float | None:
    """Round away the floating-point error of a sum in USD."""
    return None if usd is None else round(usd, 10)


def status_document(counts: Counts, training: Training, storage: Storage) -> dict[str, dict[str, Any]]:
    """Return the document of `status --json`: counts by display name, with _ for a space."""

    def renamed(numbers: Mapping[str, int], words: Mapping[str, str]) -> dict[str, int]:
        return {words.get(name, name).replace(" ", "_"): number for name, number in numbers.items()}

    verdicts = {verdict: verdict_word(verdict) for verdict in counts.verdicts}
    return {
        "pool": counts.pool,
        "candidates": renamed(counts.candidates, STATE_WORDS),
        "verdicts": renamed(counts.verdicts, verdicts),
        "labels": renamed(counts.labels, LABEL_WORDS),
        "instances": counts.instances,
        "export": {
            "rows": training.rows,
            "of_tasks_not_accepted": training.of_tasks_outside_the_pool,
            "of_another_wording_or_label": training.of_other_wordings,
            "exact_duplicates": training.duplicates,
        },
        "rowless": counts.rowless._asdict(),
        "requests": counts.requests,
        "jobs": {
            "out": len(counts.jobs),
            "requests_out": sum(one.requests for one in counts.jobs),
            "list": [_job_document(one) for one in counts.jobs],
        },
        "failures": counts.failures,
        "tokens": {"prompt": counts.prompt_tokens, "completion": counts.completion_tokens},
        "cost": {
            "usd": _rounded(counts.cost_usd),
            "attempts_of_unknown_cost": counts.attempts_of_unknown_cost,
            "reserved_usd": _rounded(counts.reserved_usd),
            "unsettled_usd": _rounded(counts.unsettled_usd),
        },
        "sqlite": {"library": storage.library, "version": storage.version, "journal": storage.journal},
    }


def _job_document(out: JobOut) -> dict[str, Any]:
    job = out.job
    return {
        "id": job.remote_id,
        "token": job.token,
        "model": job.model,
        "base_url": job.base_url,
        "status": job.status,
        "requests": job.requests,
        "requests_out": out.requests,
        "completed": job.completed,
        "failed": job.failed,
        "since": job.planned_at,
        "until": job.expires_at,
    }


def status_lines(counts: Counts, training: Training, storage: Storage) -> list[str]:
    """Return the lines of `status`; zero counts are omitted."""
    document = status_document(counts, training, storage)

    def listed(what: str) -> str:
        numbers = [
            f"{number:,} {name.replace('_', ' ')}" for name, number in document[what].items() if number
        ]
        return ", ".join(numbers) or "none"

    def told(number: int | None) -> str:
        if number is None:
            return "unknown" if counts.requests["answered"] else "0"
        return f"{number:,}"

    left_out, unsettled = not_exported(training), counts.unsettled_usd
    journal = "write-ahead log" if storage.journal == "wal" else "rollback journal"
    return [
        f"pool         {listed('pool')}",
        f"candidates   {listed('candidates')}",
        f"verdicts     {listed('verdicts')}",
        f"labels       {listed('labels')}",
        f"instances    {listed('instances')}",
        f"export       {many(training.rows, 'row')}"
        + (f"; kept but not exported: {left_out}" if left_out else ""),
        f"rowless      {listed('rowless')}",
        f"requests     {listed('requests')}",
        f"jobs         {' '.join(map(about_out, counts.jobs)) or 'none'}",
        f"failures     {listed('failures')}",
        f"tokens       {told(counts.prompt_tokens)} prompt, {told(counts.completion_tokens)} completion",
        f"cost         {cost_text(counts)}"
        + (f"; {usd_text(unsettled)} reserved for unsettled requests" if unsettled else ""),
        f"sqlite       {storage.version} ({storage.library}), {journal}",
    ]


def main() -> None:
    """Run the program."""
    run(app, "selfinstruct")
