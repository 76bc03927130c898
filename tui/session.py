"""The curator's session: the engine of one workspace, and background generation."""

import asyncio
import gc
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from importlib import import_module

from selfinstruct.core.engine import Engine
from selfinstruct.core.runs.attended import AttendedRun
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.util.time_slices import in_slices
from selfinstruct.db.reads.task_finder import TaskFinder
from selfinstruct.tui.background.bulk_progress import BulkProgress
from selfinstruct.tui.background.yield_to_keys import YieldToKeys
from selfinstruct.tui.keys.key_names import with_keys

_FOR_A_RUN = ("filelock",)
_FOR_THE_POOL = ("numpy", "selfinstruct.core.pool.pool", "selfinstruct.core.endpoint.responses")
_FOR_REQUESTS = (
    "selfinstruct.core.requests.planner",
    "selfinstruct.core.requests.intake",
    "selfinstruct.core.requests.sender",
    "selfinstruct.core.endpoint.client",
    "selfinstruct.core.method.parsing",
    "selfinstruct.core.method.instance_rules",
)
_FOR_KEYS = (
    "selfinstruct.core.decisions.tasks",
    "selfinstruct.tui.dialogs.help_dialog",
    "selfinstruct.tui.dialogs.export",
    "selfinstruct.tui.dialogs.cost_limit",
    "selfinstruct.tui.dialogs.edit_instruction",
    "selfinstruct.tui.dialogs.external_editor",
    "selfinstruct.tui.dialogs.reject_tag",
)
"""Slow imports, deferred until a run begins, the pool is read, requests are sent and answers read, and a key
is pressed."""
_GARBAGE, _MUCH_GARBAGE = 20_000, 1_000_000
"""Allocations that trigger a garbage collection: with an idle keyboard, and in any case."""


class Session:
    """State shared by all screens of the curator.

    Args:
        engine: The engine; the session closes it at the end.
        resend: Whether to resend requests in doubt even if that may cost.
        ended: Called when generation ends, with the error that ended it, if any.
    """

    def __init__(
        self, engine: Engine, *, resend: bool, ended: Callable[[BaseException | None], None]
    ) -> None:
        self.engine = engine
        self.courtesy = YieldToKeys()
        self.attended = AttendedRun(engine, resend=resend, give_way=self.courtesy.give_way)
        self._ended = ended
        self.leaving = False
        """Whether the person has asked to quit once the answers in flight are stored."""
        self.finder = TaskFinder(engine.workspace.path)
        """Searches tasks without blocking the screen."""
        self.long_step: BulkProgress | None = None
        """The bulk step in progress, if any; other decisions are refused meanwhile."""
        self.put_off: deque[Callable[[], Awaitable[None]]] = deque()
        """Decisions that wait for another program to release the workspace, oldest first."""
        self.unapplied = 0
        """Number of settings that the person has changed and not applied yet."""
        self.warned = False
        """Whether the person has been warned about them since the last change."""
        self.reassessment_is_due = False
        """Whether an error has interrupted the reassessment of undecided candidates."""
        engine.workspace.lock_wait.stop_blocking()
        self._reading: asyncio.Future[None] | None = None
        self._generation: asyncio.Future[None] | None = None
        self._applying = False

    @property
    def read_only(self) -> bool:
        """Whether the workspace is open read-only."""
        return self.engine.workspace.read_only

    @property
    def must_warn(self) -> bool:
        """Whether leaving would discard changed settings without a warning."""
        return bool(self.unapplied) and not self.warned

    @property
    def settings(self) -> Settings:
        """The settings of the workspace."""
        return self.engine.settings

    def start(self) -> None:
        """Read the pool and then generate, in the background; does nothing if already running."""
        if not self._applying and (self._generation is None or self._generation.done()):
            self._generation = asyncio.ensure_future(self._work())
            self._generation.add_done_callback(self._done)

    async def _work(self) -> None:
        # Imported in a thread, after the first screen, which needs none of them.
        if not self.read_only:
            await _import_aside(_FOR_A_RUN)
            await self.engine.workspace.lock_wait.when_free(self.engine.enter)
        await _import_aside(_FOR_THE_POOL)
        await self._read_pool()
        await _import_aside(_FOR_REQUESTS)
        await _import_aside(_FOR_KEYS)
        # Objects created so far are long-lived, so garbage collection can skip them.
        gc.freeze()
        if not self.read_only:
            await self.attended.run()

    def _read_pool(self) -> "asyncio.Future[None]":
        # The person is waiting for the pool.
        hurry = partial(self.courtesy.give_way, hurry=True)
        self._reading = asyncio.ensure_future(self.engine.read_pool(hurry))
        return self._reading

    def read_again(self) -> None:
        """Reread the pool in the background if a failed step has invalidated it."""
        once = self._reading
        if once is None or not once.done() or once.cancelled() or once.exception() is not None:
            return
        if not self.engine.assessor.is_ready:
            self._read_pool().add_done_callback(self._report_read_error)

    def _report_read_error(self, reading: "asyncio.Future[None]") -> None:
        if not reading.cancelled() and reading.exception() is not None:
            self._ended(reading.exception())

    def _done(self, generation: "asyncio.Future[None]") -> None:
        if not generation.cancelled():
            self._ended(generation.exception())

    def tidy(self) -> None:
        """Collect garbage if it is due, preferably while the keyboard is idle: it blocks for about 20 ms."""
        allocated = gc.get_count()[0]
        if allocated > (_GARBAGE if self.courtesy.is_quiet else _MUCH_GARBAGE):
            gc.collect()

    @property
    def held_up(self) -> str:
        """Why this program sends no requests, and the key that changes that; empty while it sends them."""
        if self.read_only:
            return "This program only looks at the workspace, and sends none."
        if self.attended.paused is None:
            return ""
        if self.attended.at_cost_limit:
            how = "Generation is paused at the cost limit; {pause} asks for a higher one."
        elif self.attended.at_request_limit:
            how = "Generation is paused at max_requests; raise or clear it in the settings ({settings})."
        else:
            how = "Generation is paused; {pause} resumes it."
        return with_keys(how, self.settings.keys)

    @property
    def activity(self) -> str:
        """Description of background activity for the status line; empty if there is none."""
        if self.read_only:
            return "read-only"
        if self.attended.paused:
            return "paused"
        progress = self.attended.progress
        if progress:
            return f"generating {progress[0]}/{progress[1]}"
        under_way = self.attended.under_way
        return f"{under_way} in flight" if under_way else ""

    async def apply(self, settings: Settings) -> None:
        """Apply new settings, once the answers in flight are stored.

        Raises:
            SettingsError: The settings do not fit the workspace; nothing changes.
        """
        running = self._generation is not None and not self._generation.done()
        # The successor serves any demand that arrives meanwhile.
        self._applying = True
        try:
            if running:
                self.attended.stop()
                assert self._generation is not None
                await asyncio.gather(self._generation, return_exceptions=True)
            await self.engine.apply(settings)
        finally:
            self._applying = False
            self.attended = self.attended.successor()
            if running and not self.leaving:
                self.start()

    async def reassess(self, progress: Callable[[float], None]) -> int:
        """Reassess undecided candidates with the current filters.

        If an error interrupts it, `reassessment_is_due` stays set.

        Args:
            progress: Called with the completed fraction, 0 to 1.

        Returns:
            Number of verdicts that changed.
        """
        from selfinstruct.core.stats.filter_preview import reassess  # noqa: PLC0415 - NumPy comes with it

        self.reassessment_is_due = True
        turned = await in_slices(reassess(self.engine), progress)
        self.reassessment_is_due = False
        return turned

    def raise_cost_limit(self, usd: float) -> None:
        """Raise the cost limit, in USD, and resume."""
        self.engine.limit_cost(usd)
        self.start()
        self.attended.resume()

    def remember(self, **values: object) -> None:
        """Store settings that affect only the screen, such as its theme."""
        settings = self.settings.model_copy(update=values)
        if not self.read_only:
            stored = settings.model_dump(mode="json")
            self.engine.workspace.settings.change({name: stored[name] for name in values})
        self.engine.settings = settings

    async def stop(self) -> None:
        """Stop generation and close the engine; requests still in flight become in doubt."""
        for work in (self._generation, self._reading):
            if work is not None:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
        await self.finder.close()
        await self.engine.close()


async def _import_aside(names: Sequence[str]) -> None:
    for name in names:
        await asyncio.to_thread(import_module, name)
