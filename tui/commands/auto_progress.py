"""Progress of unattended work: a progress bar on a terminal, plain lines elsewhere."""

import asyncio
import os
import shlex
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from selfinstruct.core.endpoint.open_files import shortage
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.events import (
    BatchCompleted,
    CandidateAssessed,
    CandidatesProposed,
    EndpointWarned,
    Event,
    JobEnded,
    JobSeen,
    RequestDelayed,
    RequestFailed,
)
from selfinstruct.core.runs.outcome import Ended, RunOutcome
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.setting_names import as_flags
from selfinstruct.db.reads.counts import Counts
from selfinstruct.db.records import PASS, Job
from selfinstruct.tui.commands.exit_codes import Exit
from selfinstruct.tui.commands.job_news import JobNews, about_ended
from selfinstruct.tui.commands.pace import Pace
from selfinstruct.tui.commands.rests import Rests, Silence
from selfinstruct.tui.keys.key_names import with_keys
from selfinstruct.tui.text.job_text import about_out
from selfinstruct.tui.text.safe_text import cost_text, many, safe_line, verdict_word

_CODES = {
    Ended.DONE: Exit.DONE,
    Ended.ROWLESS: Exit.ROWLESS,
    Ended.STAGE_FAILED: Exit.ENDPOINT,
    Ended.LIMIT: Exit.LIMIT,
    Ended.INTERRUPTED: Exit.INTERRUPTED,
}
_WHY_ROWLESS = {
    "unclear_label": "an unclear label",
    "no_instance": "an answer without instances",
    "dropped": "every instance dropped",
    "failed": "a failed request",
    "in_doubt": "a request in doubt",
    "unfinished": "unfinished requests",
}
"""Why accepted tasks have no row, by the names of `Rowless`."""
_REASONS_SHOWN = 4
_REFRESH_S = 0.5


async def work_alone(engine: Engine, *, resend: bool) -> Exit:
    """Run an engine unattended, and report progress; returns the exit code.

    The first Ctrl+C waits for the answers in flight; the second stops immediately, which leaves requests in
    flight in doubt. Everything else is kept.
    """
    async with engine:
        run = UnattendedRun(engine, resend=resend)
        view = _View(engine, run)
        engine.listener = view.take
        task = asyncio.ensure_future(run.run())
        _on_interrupt(lambda: view.interrupt(task))
        view.begin()
        try:
            with view.shown():
                outcome = await view.follow(task)
        except EndpointUnusableError:
            view.sum_up()
            raise
        except asyncio.CancelledError:
            outcome = RunOutcome(Ended.INTERRUPTED, "Stopped immediately; all answers received are stored.")
        view.end(outcome)
    return _CODES[outcome.ended]


def _on_interrupt(interrupt: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, interrupt)
        except NotImplementedError:  # event loops on Windows do not support signal handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupt))


class _View:
    """Display of one run: counts since its start, and totals of the workspace."""

    def __init__(self, engine: Engine, run: UnattendedRun) -> None:
        self._engine = engine
        self._run = run
        self._console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
        self._filtered: Counter[str] = Counter()
        self._failed = 0
        self._last_failure = ""
        self._is_pipe_closed = False
        self._pace = Pace(engine.settings.target)
        self._rests = Rests()
        self._silence = Silence(time.monotonic())
        self._jobs = JobNews()
        self._interrupts = 0
        target = engine.settings.target
        self._progress = Progress(
            TextColumn("[bold]passing" if engine.settings.hold else "[bold]accepted"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self._console,
            auto_refresh=False,
        )
        self._bar = self._progress.add_task("", total=target)
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """Print one line, sanitized."""
        line = safe_line(as_flags(text))
        if self._console.is_terminal:
            self._console.print(Text(line))
        elif not self._is_pipe_closed:
            try:
                print(line, flush=True)  # noqa: T201 - plain lines for pipes and logs
            except BrokenPipeError:
                # The reader has closed the pipe, such as `head`; the work continues.
                self._is_pipe_closed = True
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def begin(self) -> None:
        """Print the model, the language and any warnings before the run."""
        settings, engine = self._engine.settings, self._engine
        if settings.is_offline:
            self.say("Using the built-in model: a grammar, not a language model. Its texts are made up.")
        else:
            self.say(f"{settings.model} at {settings.address}")
        few = shortage(settings)
        if few:
            self.say(few)
        if engine.language_found is not None:
            self.say(engine.language_found.as_found)
        in_doubt = engine.workspace.requests.in_doubt(but=settings.free_stages)
        for out in engine.workspace.jobs.out():
            self.say(f"{about_out(out)} {self._what_becomes_of(out.job)}")
        if in_doubt:
            again = "those still needed are resent" if self._run.resend else "--resend resends them"
            self.say(f"{many(in_doubt, 'request')} in doubt after a crash; {again}.")

    def _what_becomes_of(self, job: Job) -> str:
        settings = self._engine.settings
        if (job.base_url, job.api) == (settings.address, settings.api):
            return "This run takes their answers in and does not send them again."
        return f"They stay out: they are for {job.model} at {job.base_url}."

    def take(self, event: Event) -> None:
        """Process an event of the engine."""
        rest_s = event.wait_s if isinstance(event, RequestDelayed) else 0.0
        self._silence.heard(time.monotonic() + rest_s)
        if isinstance(event, CandidatesProposed):
            self._pace.note(time.monotonic(), self._run.reached)
        if isinstance(event, CandidateAssessed) and event.verdict != PASS:
            self._filtered[event.verdict] += 1
        elif isinstance(event, RequestDelayed):
            line = self._rests.told(event, time.monotonic())
            if line is not None:
                self.say(line)
        elif isinstance(event, RequestFailed):
            self._failed += 1
            if event.sentence != self._last_failure:
                self.say(f"Request {event.request_id} ({event.stage}) failed: {event.sentence}")
            self._last_failure = event.sentence
        elif isinstance(event, EndpointWarned):
            self.say(event.sentence)
        elif isinstance(event, JobSeen):
            line = self._jobs.told(event.job, time.monotonic())
            if line is not None:
                self.say(line)
        elif isinstance(event, JobEnded):
            self.say(about_ended(event))
        elif isinstance(event, BatchCompleted) and self._live is None:
            self.say(f"batch {event.batch}: {self._line()}")

    def interrupt(self, task: "asyncio.Future[RunOutcome]") -> None:
        """Stop gracefully on the first call, immediately on the second."""
        self._interrupts += 1
        if self._interrupts == 1:
            self._run.stop()
            under_way = self._in_flight()
            if under_way:
                self.say(
                    f"Waiting for {many(under_way, 'request')} in flight. Ctrl+C again stops immediately."
                )
        else:
            task.cancel()

    def _in_flight(self) -> int:
        """Return the number of requests whose answers are a matter of seconds."""
        return max(0, self._run.under_way - self._engine.waiting_for_jobs)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the progress bar during the run, if there is a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as self._live:
            self._refresh()
            yield
        self._live = None

    async def follow(self, task: "asyncio.Future[RunOutcome]") -> RunOutcome:
        """Wait for the run while updating the display."""
        while not task.done():
            await asyncio.wait({task}, timeout=_REFRESH_S)
            timeout_s = self._engine.settings.timeout_s
            if line := self._silence.told(time.monotonic(), under_way=self._in_flight(), timeout_s=timeout_s):
                self.say(line)
            if self._live is not None:
                self._refresh()
        return await task

    def end(self, outcome: RunOutcome) -> None:
        """Print how the run ended, and what is left for a person to do."""
        self.say(outcome.sentence)
        self.sum_up()

    def sum_up(self) -> None:
        """Print what came of the run, and what is left for a person to do."""
        counts = self._engine.workspace.counts()
        if self._filtered:
            self.say(f"Filtered out in this run: {self._reasons(len(self._filtered))}.")
        if self._run.not_needed:
            left = many(self._run.not_needed, "request")
            self.say(
                f"Not sent, since the target is reached: {left} for new tasks, left over from an earlier run."
            )
        if in_doubt := counts.requests["in_doubt"]:
            self.say(f"{many(in_doubt, 'request')} in doubt.{self._how_to_resend(counts)}")
        self.say(f"{many(counts.instances['kept'], 'instance')} kept. Cost: {cost_text(counts)}.")
        for out in counts.jobs:
            self.say(f"{about_out(out)} The next run takes their answers in and does not send them again.")
        self._say_what_is_rowless(counts)
        self._say_how_to_resume(counts)

    def _say_what_is_rowless(self, counts: Counts) -> None:
        """Print how many accepted tasks have no row, why, and what helps where an answer is of no use."""
        rowless, accepted = counts.rowless, counts.candidates["accepted"]
        if not sum(rowless):
            return
        why = [
            f"{number:,} with {_WHY_ROWLESS[name]}" for name, number in rowless._asdict().items() if number
        ]
        self.say(f"Without a row: {sum(rowless):,} of {many(accepted, 'accepted task')}: {', '.join(why)}.")
        unusable = rowless.failed - counts.unfinished.failed
        if rowless.unclear_label or rowless.no_instance or rowless.dropped or unusable:
            keys = "{relabel} sets a label, and on the Instances screen {more_instances} asks for more and"
            by_hand = with_keys(f"{keys} {{add_instance}} adds one.", self._engine.settings.keys)
            self.say(f"To ask a model again: {self._resend(counts)}. Or in the curator: {by_hand}")

    def _how_to_resend(self, counts: Counts) -> str:
        settings, requests = self._engine.settings, self._engine.workspace.requests
        if not requests.in_doubt(but=settings.free_stages):
            return ""
        return f" To resend those still needed: {self._resend(counts)}"

    def _resend(self, counts: Counts) -> str:
        """Return the command that also asks again for what the answers did not contain."""
        rowless = counts.rowless
        # A clear label is followed by a request for instances.
        unusable = rowless.failed - counts.unfinished.failed
        again = 2 * (rowless.unclear_label + unusable) + rowless.no_instance + rowless.dropped
        return self._command("--resend", requests=again)

    def _command(self, *flags: str, requests: int = 0) -> str:
        """Return a command that continues, with the limits that it needs.

        Args:
            flags: More flags.
            requests: The number of requests that it needs besides those of unfinished tasks.
        """
        workspace, room = self._engine.workspace, self._run.room
        command = f"selfinstruct-tui --auto --db {shlex.quote(str(workspace.path))}"
        if self._engine.in_jobs:
            command += " --batch-api"
        most = self._engine.settings.max_requests
        needed = workspace.requests.count() + self._engine.planner.requests_needed() + requests
        if most is not None and needed > most:
            flags += (f"--max-requests {needed}",)
        if room is not None:
            flags += (f"--max-cost {room.for_all_usd:.10g}",)
        return " ".join([command, *flags])

    def _say_how_to_resume(self, counts: Counts) -> None:
        """Print which tasks still need a request or its answer, and the command that continues with them."""
        unfinished = counts.unfinished
        without = (
            (unfinished.labels, "task", "a label"),
            (unfinished.instances, "task", "instances"),
            (unfinished.held, "held candidate", "a label"),
        )
        parts = [f"{many(number, what)} without {lacking}" for number, what, lacking in without if number]
        if lacking_vectors := self._engine.planner.lacking_vectors():
            parts.append(f"{many(lacking_vectors, 'task')} without a vector")
        if unfinished.failed:
            parts.append(f"{many(unfinished.failed, 'task')} with a failed request")
        if parts or counts.jobs or self._run.room is not None:
            told = f"Unfinished: {', '.join(parts)}. " if parts else ""
            self.say(f"{told}To resume: {self._command()}")

    def _refresh(self) -> None:
        assert self._live is not None
        self._progress.update(self._bar, completed=self._run.reached)
        self._live.update(Group(self._progress, Text(self._line(), style="dim")), refresh=True)

    def _line(self) -> str:
        target = self._engine.settings.target
        of_target = f" of {target}" if target else ""
        parts = [f"{self._run.reached}{of_target}", *self._pace.told(time.monotonic())]
        parts.append(cost_text(self._engine.workspace.spending()))
        if self._filtered:
            parts.append(f"filtered out: {self._reasons()}")
        if waiting := self._engine.waiting_for_jobs:
            parts.append(f"{many(waiting, 'request')} waiting for batch jobs")
        if self._failed:
            parts.append(f"{many(self._failed, 'request')} failed")
        return " · ".join(parts)

    def _reasons(self, most: int = _REASONS_SHOWN) -> str:
        common = self._filtered.most_common(most)
        return ", ".join(f"{number} {verdict_word(code)}" for code, number in common)
