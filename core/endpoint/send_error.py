"""The error of a request that got no usable response."""

from dataclasses import dataclass

_THROTTLING = frozenset({413, 429, 503, 529})


@dataclass
class SendError(Exception):
    """A failed attempt, and what follows from it for retries and cost."""

    sentence: str
    http_status: int | None = None
    body: bytes = b""
    transient: bool = False
    """Whether a retry may succeed."""
    free: bool = False
    """Whether it is certain that the attempt cost nothing."""
    unusable: bool = False
    """Whether every other request would fail as well."""
    refused: bool = False
    """Whether the endpoint refuses the parameters of the request; it may say how it wants them."""
    too_long: bool = False
    """Whether the request does not fit the model's context, or what the endpoint takes at once."""
    retry_after_s: float | None = None
    advice: str = ""
    """Advice if nothing could be reached; empty for the usual advice."""

    @property
    def throttles(self) -> bool:
        """Whether the endpoint is throttling requests."""
        return self.transient and self.http_status in _THROTTLING

    @property
    def unreachable(self) -> bool:
        """Whether no connection could be made."""
        return self.transient and self.free and self.http_status is None
