"""`selfinstruct-tui`: the curator, or with --auto the same engine unattended."""

import asyncio
import gc
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.filtering.setting_kinds import phrases_named
from selfinstruct.core.setting_names import as_flags, flag_of
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.sources import headers_warning, resolve
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.records import AnswerKind, ApiKind
from selfinstruct.db.sqlite.connection import is_new
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.exit_codes import Exit, run, stop
from selfinstruct.tui.commands.open_workspace import open_workspace, sentences
from selfinstruct.tui.commands.options import Command, VersionOption
from selfinstruct.tui.commands.person import PersonOption
from selfinstruct.tui.commands.setting_options import setting_option
from selfinstruct.tui.commands.start_settings import start_settings

if TYPE_CHECKING:
    from selfinstruct.core.engine import Engine

app = typer.Typer(rich_markup_mode="markdown", pretty_exceptions_enable=False)


_MODEL, _MEANING, _METHOD, _AUTO = "Model", "Meaning", "Method", "Unattended work"


@app.command(
    cls=Command,
    help="Grow and curate instruction-tuning data with the Self-Instruct method, one batch at a time.\n\n"
    "A model proposes tasks from 175 seeds; filters compare each with everything you have; you accept, reject"
    " or edit; the model generates instances for what you accept. Without --model, a new workspace asks you"
    " for a model, and --auto uses the built-in one: a grammar, NOT a language model, for trying things out."
    " Everything is stored in one SQLite file.",
    epilog="Examples:\n\n"
    "    selfinstruct-tui\n\n"
    "    selfinstruct-tui --db movies.db --model gpt-4o-mini\n\n"
    "    selfinstruct-tui --model llama3.1 --base-url http://localhost:11434/v1\n\n"
    "    selfinstruct-tui --auto --target 500 --max-cost 5 --model gpt-4o-mini\n\n"
    "Settings also come from selfinstruct.toml in this folder; flags take precedence, and the workspace"
    " remembers both. In the file, settings are named like the flags, with _ for -; besides, there are"
    " timeout_s, thinking_tokens, request, words, filters, prices, theme and keys.\n\n"
    "In the file, [request] adds fields to the body and headers to every request, leaves parameters out, and"
    " gives each stage its own model, temperature and max_tokens.\n\n"
    "Exit codes: 0 done, 1 the disk is full or fails, or the workspace is damaged, 2 usage or settings error,"
    " 3 stopped at a limit, 4 the endpoint cannot be used or a stage always fails, 5 target reached, but"
    " accepted tasks without rows, 130 interrupted.",
)
def curate(
    db: Annotated[
        Path,
        typer.Option(
            "--db", metavar="PATH", help="The workspace; created if it does not exist.", readable=False
        ),
    ] = Path("selfinstruct.db"),
    model: Annotated[
        str | None,
        setting_option("model", metavar="NAME", panel=_MODEL),
    ] = None,
    base_url: Annotated[
        str | None,
        setting_option("base_url", metavar="URL", panel=_MODEL),
    ] = None,
    api: Annotated[
        ApiKind | None,
        setting_option("api", panel=_MODEL),
    ] = None,
    answers: Annotated[
        AnswerKind | None,
        setting_option("answers", panel=_MODEL),
    ] = None,
    api_key_env: Annotated[
        str | None,
        setting_option("api_key_env", metavar="NAME", panel=_MODEL),
    ] = None,
    header_env: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Allow headers in [request] to send this environment variable to --base-url; repeatable.",
            show_default="none",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    embeddings: Annotated[str | None, setting_option("embeddings", metavar="NAME", panel=_MEANING)] = None,
    embeddings_url: Annotated[
        str | None, setting_option("embeddings_url", metavar="URL", panel=_MEANING)
    ] = None,
    embeddings_key_env: Annotated[
        str | None, setting_option("embeddings_key_env", metavar="NAME", panel=_MEANING)
    ] = None,
    concurrency: Annotated[int | None, setting_option("concurrency", metavar="N", panel=_MODEL)] = None,
    seeds: Annotated[
        Path | None,
        setting_option("seeds", metavar="FILE", panel=_METHOD),
    ] = None,
    prompts: Annotated[
        Path | None,
        setting_option("prompts", metavar="FILE", panel=_METHOD),
    ] = None,
    language: Annotated[
        str | None,
        setting_option("language", metavar="CODE", panel=_METHOD),
    ] = None,
    rng_seed: Annotated[
        int | None,
        setting_option("rng_seed", metavar="N", panel=_METHOD),
    ] = None,
    requests_per_batch: Annotated[
        int | None,
        setting_option("requests_per_batch", metavar="N", panel=_METHOD),
    ] = None,
    batches_ahead: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Batches prepared while you decide on one; 0 to 20.",
            show_default="1",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    clf_only: Annotated[
        bool | None,
        setting_option("clf_only", "--clf-only/--no-clf-only", panel=_METHOD),
    ] = None,
    keywords: Annotated[
        str | None,
        typer.Option(
            metavar="rules|paper|WORDS",
            help="Refuse what a text model cannot handle: by rules, the paper's list, or your own words.",
            show_default="rules",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    person: PersonOption = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Open a workspace without changing it.")
    ] = False,
    forget: Annotated[
        bool,
        typer.Option(
            "--forget", help="Start from default settings instead of those that the workspace remembers."
        ),
    ] = False,
    auto: Annotated[
        bool, typer.Option("--auto", help="Run unattended, without the curator.", rich_help_panel=_AUTO)
    ] = False,
    batch_api: Annotated[
        bool,
        typer.Option(
            "--batch-api",
            help="With --auto: send requests through the endpoint's Batch API, in jobs that take minutes to a"
            " day; half the price at OpenAI.",
            rich_help_panel=_AUTO,
        ),
    ] = False,
    batch_api_requests: Annotated[
        int | None,
        setting_option("batch_api_requests", metavar="N", panel=_AUTO),
    ] = None,
    batch_api_price: Annotated[
        float | None,
        setting_option("batch_api_price", metavar="SHARE", panel=_AUTO),
    ] = None,
    target: Annotated[
        int | None,
        setting_option("target", metavar="N", panel=_AUTO),
    ] = None,
    max_requests: Annotated[
        int | None,
        setting_option("max_requests", metavar="N", panel=_AUTO),
    ] = None,
    max_cost: Annotated[
        float | None,
        setting_option("max_cost", metavar="USD", panel=_AUTO),
    ] = None,
    hold: Annotated[
        bool | None,
        setting_option("hold", "--hold/--no-hold", panel=_AUTO),
    ] = None,
    resend: Annotated[
        bool,
        typer.Option(
            "--resend",
            help="Resend requests that a crash left in doubt; they may be billed twice. With --auto, also ask"
            " again for the labels and instances of accepted tasks without a row.",
            rich_help_panel=_AUTO,
        ),
    ] = False,
    _version: VersionOption = False,
) -> None:
    """Open the curator, or run unattended."""
    flags: dict[str, Any] = {
        "model": model,
        "base_url": base_url,
        "api": api,
        "answers": answers,
        "api_key_env": api_key_env,
        "embeddings": embeddings,
        "embeddings_url": embeddings_url,
        "embeddings_key_env": embeddings_key_env,
        "concurrency": concurrency,
        "seeds": seeds,
        "prompts": prompts,
        "language": language,
        "rng_seed": rng_seed,
        "requests_per_batch": requests_per_batch,
        "batches_ahead": batches_ahead,
        "clf_only": clf_only,
        "batch_api_requests": batch_api_requests,
        "batch_api_price": batch_api_price,
        "target": target,
        "max_requests": max_requests,
        "max_cost": max_cost,
        "hold": hold,
        "filters": None if keywords is None else {"keywords": _phrases(keywords)},
    }
    if read_only and not auto:
        given = {
            "keywords": keywords,
            "header_env": header_env or None,
            "forget": forget or None,
            "resend": resend or None,
            "as": person,
        }
        _require_nothing_to_set(flags | {"filters": None} | given)
    if person is not None and auto:
        stop(WorkspaceError("--as names a person, and --auto decides without one. Leave one of them out."))
    if batch_api and not auto:
        stop(WorkspaceError("--batch-api is for unattended work. Combine it with --auto, or leave it out."))
    if not auto and not (sys.stdin.isatty() and sys.stdout.isatty()):
        stop(WorkspaceError("The curator needs a terminal. Give --auto --target N to work without one."))
    if read_only and auto:
        stop(WorkspaceError("--read-only and --auto cannot be combined. Leave one of them out."))
    with sentences(db):
        # Errors in the flags are reported before any file is touched.
        asked = resolve(flags, folder=Path.cwd())
        if not auto:
            _make_quick()
        if not read_only and is_new(db) and not _is_read_once(asked):
            # A refused start must leave no file behind.
            with Workspace.rehearsal(db) as workspace:
                _begin(workspace, flags, header_env or [], forget=forget, auto=auto, in_jobs=batch_api)
        with open_workspace(db, create=not read_only, read_only=read_only) as workspace:
            workspace.decisions.person = person
            engine = _begin(workspace, flags, header_env or [], forget=forget, auto=auto, in_jobs=batch_api)
            code = (_work_alone if auto else _open_curator)(engine, resend=resend)
    raise typer.Exit(code)


def _phrases(text: str) -> tuple[str, ...]:
    """The phrases in the value of a flag: what a name stands for, or words separated by commas."""
    return phrases_named(text) or tuple(word.strip() for word in text.split(",") if word.strip())


def _begin(
    workspace: Workspace,
    flags: dict[str, Any],
    header_env: list[str],
    *,
    forget: bool,
    auto: bool,
    in_jobs: bool,
) -> "Engine":
    """Resolve the settings and create the engine, in one transaction.

    Args:
        workspace: The workspace.
        flags: Values from the command line, by setting; None counts as not given.
        header_env: Environment variables that headers may send to the address in `flags`.
        forget: Whether to leave out the settings that the workspace remembers.
        auto: Whether to check that an unattended run can start.
        in_jobs: Whether it sends its requests in jobs of a Batch API.

    Raises:
        SettingsError: The settings conflict with each other or the workspace, or --auto cannot start.
        EndpointUnusableError: --auto needs an API key that must not be sent to the endpoint.
    """
    from selfinstruct.core.endpoint.key_consent import KeyConsent, named_together  # noqa: PLC0415 - as below
    from selfinstruct.core.engine import Engine  # noqa: PLC0415 - after `_make_quick`

    # Atomic, so that settings stored by another program meanwhile, such as a cost limit, are not reverted.
    with nullcontext() if workspace.read_only else workspace.transaction():
        settings = start_settings(workspace, flags, forget=forget)
        consent = KeyConsent()
        consent.give(named_together(settings, flags, header_variables=header_env))
        if in_jobs and settings.is_offline:
            raise SettingsError("The built-in model has no Batch API. Leave out --batch-api.")
        engine = Engine(workspace, settings, consent=consent, in_jobs=in_jobs)
        if auto:
            from selfinstruct.core.runs.unattended import require_start  # noqa: PLC0415 - as above

            require_start(engine)
    return engine


def _is_read_once(settings: Settings) -> bool:
    """Return whether seeds or prompts come from a pipe, such as `--seeds <(command)`: readable only once."""
    return any(path is not None and path.is_fifo() for path in (settings.seeds, settings.prompts))


def _require_nothing_to_set(flags: dict[str, Any]) -> None:
    """Refuse flags that have no effect with --read-only."""
    given = [flag_of(name) for name, value in flags.items() if value is not None]
    if given:
        stop(
            WorkspaceError(
                f"--read-only changes nothing, so {given[0]} would have no effect. Leave one of them out."
            )
        )


_GARBAGE = 20_000
"""New objects after which the collector looks for garbage; a request leaves few cycles and many objects."""


def _work_alone(engine: "Engine", *, resend: bool) -> Exit:
    from selfinstruct.tui.commands.auto_progress import work_alone  # noqa: PLC0415 - imports NumPy and RapidFuzz

    for warning in filter(None, (engine.warning, headers_warning(engine.settings, Path.cwd()))):
        typer.echo(f"Warning: {as_flags(warning)}", err=True)
    # What is there by now stays, so that the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    gc.enable()
    return asyncio.run(work_alone(engine, resend=resend))


def _make_quick() -> None:
    """Tune the process for a fast first frame and a low key latency."""
    # Textual waits up to two frame times before the next frame, so redraws of a batch would delay keys.
    os.environ.setdefault("TEXTUAL_FPS", "120")
    # Separate threads read keys and write frames; each waits this long for the GIL during background work.
    sys.setswitchinterval(0.0005)


def _open_curator(engine: "Engine", *, resend: bool) -> Exit:
    from selfinstruct.tui.app import CuratorApp  # noqa: PLC0415 - imports Textual

    # Textual treats an empty NO_COLOR as unset; the convention does not.
    if "NO_COLOR" in os.environ:
        os.environ["NO_COLOR"] = "1"
    # A new workspace without a chosen model.
    first_run = (
        "model" not in engine.settings.model_fields_set
        and not engine.workspace.read_only
        and engine.workspace.requests.count() == 0
    )
    curator = CuratorApp(engine, resend=resend, first_run=first_run)
    curator.run()
    return Exit.DONE if curator.return_code == 0 else Exit.FAILED


def main() -> None:
    """Run the program."""
    run(app, "selfinstruct-tui")
