"""Keeps screens and widgets alive after workspace errors, which the application reports."""

from textual.message import Message
from textual.message_pump import MessagePump

from selfinstruct.db.errors import WorkspaceError


class SurvivesErrors(MessagePump):
    """A message pump that survives workspace errors in its message handlers.

    Textual passes a handler's error to the application too, but then ends the widget's message loop. Errors
    in workers, timers, callbacks and rendering reach the application without ending it.
    """

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except WorkspaceError as error:
            self.app._handle_exception(error)
