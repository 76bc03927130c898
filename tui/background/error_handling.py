"""An error of the workspace ends no screen and no widget: it goes to the application, which tells it."""

from textual.message import Message
from textual.message_pump import MessagePump

from selfinstruct.db.errors import WorkspaceError


class SurvivesErrors(MessagePump):
    """What handles messages, and goes on after an error of the workspace in one of its handlers.

    Textual gives each error of a handler to the application as well, but the widget takes no other message
    after it. Errors of workers, timers, callbacks and drawing reach the application without that.
    """

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except WorkspaceError as error:
            self.app._handle_exception(error)
