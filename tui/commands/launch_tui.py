"""Starts `selfinstruct-tui` without garbage collection, which would search all that is being imported."""

import gc


def main() -> None:
    """Run the program; an unattended run turns the collector on again, the curator collects when idle."""
    gc.disable()
    from selfinstruct.tui.commands import selfinstruct_tui  # noqa: PLC0415 - after the line above

    selfinstruct_tui.main()
