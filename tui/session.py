"""A person's session: the engine of one workspace, and generation beside the person."""

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from importlib import import_module
from typing import Any

from selfinstruct.core.engine import Engine
from selfinstruct.core.runs.attended import AttendedRun
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.util.time_slices import in_slices
from selfinstruct.db.reads.task_finder import TaskFinder
from selfinstruct.tui.background.bulk_progress import BulkProgress
from selfinstruct.tui.background.yield_to_keys import YieldToKeys

_LATER = ("numpy", "selfinstruct.core.pool.pool", "jinja2")
"""What takes long to import, and is needed when the pool is read and requests are planned."""
_GARBAGE, _MUCH_GARBAGE = 20_000, 1_000_000
"""So many new objects are worth a look; the second number, also under a person's keys."""


class Session:
    """What all screens of a curator share.

    Args:
        engine: The engine; the session closes it in the end.
        resend: Whether requests in doubt are sent again although they may cost.
        ended: Called when generation ends, with the error that ended it.
    """

    def __init__(
        self, engine: Engine, *, resend: bool, ended: Callable[[BaseException | None], None]
    ) -> None:
        self.engine = engine
        self.courtesy = YieldToKeys()
        self.attended = AttendedRun(engine, resend=resend, give_way=self.courtesy.give_way)
        self._ended = ended
        self.leaving = False
        """Whether the person has asked to leave once the answers under way are stored."""
        self.finder = TaskFinder(engine.workspace.path)
        """Looks for tasks without keeping the screen waiting."""
        self.long_step: BulkProgress | None = None
        """The step on many tasks that is being carried out; no other decision is taken meanwhile."""
        self.put_off: deque[Coroutine[Any, Any, None]] = deque()
        """Decisions that wait for another program to let go of the workspace, in their order."""
        self.reassessment_is_due = False
        """Whether an error has cut short the assessment of what is undecided by the filters in force."""
        engine.workspace.lock_wait.stop_blocking()
        self._reading: asyncio.Future[None] | None = None
        self._generation: asyncio.Future[None] | None = None
        self._applying = False

    @property
    def read_only(self) -> bool:
        """Whether the workspace is only looked at."""
        return self.engine.workspace.read_only

    @property
    def settings(self) -> Settings:
        """The settings of the workspace."""
        return self.engine.settings

    def start(self) -> None:
        """Read the pool and then generate, in the background; nothing when that is under way."""
        if not self._applying and (self._generation is None or self._generation.done()):
            self._generation = asyncio.ensure_future(self._work())
            self._generation.add_done_callback(self._done)

    async def _work(self) -> None:
        if not self.read_only:
            await self.engine.workspace.lock_wait.when_free(self.engine.enter)
        # Imported in a thread, and only now: the first screen needs none of it.
        for name in _LATER:
            await asyncio.to_thread(import_module, name)
        await self._read_pool()
        # What is there by now stays, and need not be looked through for garbage.
        gc.freeze()
        if not self.read_only:
            await self.attended.run()

    def _read_pool(self) -> "asyncio.Future[None]":
        # A person waits for what it brings.
        hurry = partial(self.courtesy.give_way, hurry=True)
        self._reading = asyncio.ensure_future(self.engine.read_pool(hurry))
        return self._reading

    def read_again(self) -> None:
        """Read the pool again in the background where a step that failed has dropped it."""
        once = self._reading
        if once is None or not once.done() or once.cancelled() or once.exception() is not None:
            return
        if not self.engine.assessor.is_ready:
            self._read_pool().add_done_callback(self._read)

    def _read(self, reading: "asyncio.Future[None]") -> None:
        if not reading.cancelled() and reading.exception() is not None:
            self._ended(reading.exception())

    def _done(self, generation: "asyncio.Future[None]") -> None:
        if not generation.cancelled():
            self._ended(generation.exception())

    def tidy(self) -> None:
        """Look for garbage, now and then and while nobody types: it stops the program for some 20 ms."""
        allocated = gc.get_count()[0]
        if allocated > (_GARBAGE if self.courtesy.is_quiet else _MUCH_GARBAGE):
            gc.collect()

    @property
    def activity(self) -> str:
        """What goes on in the background, in a word or two; empty when nothing does."""
        if self.read_only:
            return "read-only"
        if self.attended.paused:
            return "paused"
        progress = self.attended.progress
        if progress:
            return f"generating {progress[0]}/{progress[1]}"
        under_way = self.attended.under_way
        return f"{under_way} under way" if under_way else ""

    async def apply(self, settings: Settings) -> None:
        """Work by other settings from now on; answers under way are waited for, and stored.

        Raises:
            SettingsError: they do not fit the workspace; all stays as it was.
        """
        running = self._generation is not None and not self._generation.done()
        # A demand that comes meanwhile is met by the successor.
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
        """Assess what is undecided by the filters in force; returns how many verdicts are others now.

        What an error cuts short stays due.
        """
        from selfinstruct.core.stats.filter_preview import reassess  # noqa: PLC0415 - NumPy comes with it

        self.reassessment_is_due = True
        turned = await in_slices(reassess(self.engine), progress)
        self.reassessment_is_due = False
        return turned

    def raise_cost_limit(self, usd: float) -> None:
        """Make room for more requests, and go on."""
        self.engine.limit_cost(usd)
        self.start()
        self.attended.resume()

    def remember(self, **values: object) -> None:
        """Store settings that change nothing but the screen, such as its theme."""
        settings = self.settings.model_copy(update=values)
        if not self.read_only:
            stored = settings.model_dump(mode="json")
            self.engine.workspace.settings.change({name: stored[name] for name in values})
        self.engine.settings = settings

    async def stop(self) -> None:
        """End generation: what is still under way is in doubt from now on."""
        for work in (self._generation, self._reading):
            if work is not None:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
        await self.finder.close()
        await self.engine.close()
