"""What can go wrong, each error with one sentence for the person."""


class SelfInstructError(Exception):
    """Base of the errors whose message is meant for the person."""


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
