"""What can go wrong, each error with one sentence for the person."""

from selfinstruct.core.setting_names import as_fields


class SelfInstructError(Exception):
    """Base of the errors whose message is meant for the person; as text it names settings as fields.

    Args:
        sentence: What is wrong, where, and what to do; it may hold references to settings.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return as_fields(self.sentence)


class SettingsError(SelfInstructError):
    """A setting, a seed task or a prompt template is wrong."""


class EndpointUnusableError(SelfInstructError):
    """The model's endpoint cannot be used: why, and what to try."""


class ExportError(SelfInstructError):
    """The training file cannot be written."""


class DecisionRefusedError(SelfInstructError):
    """A decision cannot be taken as things stand now."""


class RequestRefusedError(SelfInstructError):
    """The model cannot be asked that as things stand now."""


class DedupeError(SelfInstructError):
    """Near-duplicates cannot be removed: what is in the way."""


def why(error: Exception) -> str:
    """Why a text file cannot be read, in words that go on a sentence: no number of an error, no codec."""
    if isinstance(error, OSError):
        told = error.strerror or str(error)
        return f"{told[:1].lower()}{told[1:]}"
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
