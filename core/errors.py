"""Error classes, each with a message that is shown to the person."""

from collections.abc import Sequence
from pathlib import Path

from selfinstruct.core.setting_names import as_fields
from selfinstruct.db.records import Reason


class SelfInstructError(Exception):
    """Base class of errors whose message is shown to the person; `str` renders settings as field names.

    Args:
        sentence: What is wrong, where, and what to do; may contain references to settings.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return as_fields(self.sentence)


class SettingsError(SelfInstructError):
    """A setting, a seed task or a prompt template is invalid."""


class EndpointUnusableError(SelfInstructError):
    """The endpoint cannot be used; the message says why and what to try."""


class ExportError(SelfInstructError):
    """The training file cannot be written."""


class ImportDataError(SelfInstructError):
    """A data file cannot be read or imported; the message says why."""


class TargetExistsError(ExportError):
    """There is a file at the target, and nobody has allowed to replace it.

    Args:
        path: The target.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} already exists. Choose another name, or allow it to be replaced.")
        self.path = path


class DecisionRefusedError(SelfInstructError):
    """A decision is not possible in the current state."""


class UnchangedError(DecisionRefusedError):
    """A decision would change nothing: everything is already as it wants it."""


class RefusedByFiltersError(DecisionRefusedError):
    """Filters object to a candidate; `reasons` hold the evidence, and a person may override them."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(reasons[0].sentence)
        self.reasons = tuple(reasons)


class RequestRefusedError(SelfInstructError):
    """A request to the model is not possible in the current state."""


class CostLimitError(Exception):
    """The request could cost more than the cost limit leaves, and was not sent.

    Args:
        at_most_usd: Upper bound on its cost, in USD; None when the price is unknown.
        is_charged: Whether that amount already counts against the limit, as for a planned request.
    """

    def __init__(self, at_most_usd: float | None, *, is_charged: bool = False) -> None:
        super().__init__(at_most_usd)
        self.at_most_usd = at_most_usd
        self.is_charged = is_charged


class DedupeError(SelfInstructError):
    """Near-duplicates cannot be removed; the message says why."""


def why(error: Exception) -> str:
    """Return why a text file cannot be read, to end a sentence: without errno or codec names."""
    if isinstance(error, OSError):
        told = error.strerror or str(error)
        return f"{told[:1].lower()}{told[1:]}"
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
