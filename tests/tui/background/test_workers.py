"""Background tasks that are given up before their turn leave nothing behind."""

import gc
import warnings

from textual.app import App

from selfinstruct.tui.background.workers import start_worker


async def test_what_is_cancelled_before_its_turn_never_begins() -> None:
    begun = []

    async def work() -> None:
        begun.append(True)

    async with App[None]().run_test() as pilot:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start_worker(pilot.app, work).cancel()
            await pilot.pause()
            gc.collect()
        assert (begun, caught) == ([], [])
        start_worker(pilot.app, work)
        await pilot.app.workers.wait_for_complete()
    assert begun == [True]
