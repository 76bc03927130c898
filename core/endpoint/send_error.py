"""What is known of a request that got no answer."""

from dataclasses import dataclass

_THROTTLING = frozenset({429, 503, 529})


@dataclass
class SendError(Exception):
    """A request that got no answer, and what follows from that."""

    sentence: str
    http_status: int | None = None
    body: bytes = b""
    transient: bool = False
    """Whether sending it again may help."""
    free: bool = False
    """Whether it certainly cost nothing."""
    unusable: bool = False
    """Whether no other request will fare better."""
    retry_after_s: float | None = None
    advice: str = ""
    """What may help where nothing could be reached; empty: what usually helps then."""

    @property
    def throttles(self) -> bool:
        """Whether the endpoint says that there are too many requests."""
        return self.transient and self.http_status in _THROTTLING

    @property
    def unreachable(self) -> bool:
        """Whether there was no connection at all."""
        return self.transient and self.free and self.http_status is None
