"""The limit on open files, and how many connections it allows."""

from contextlib import suppress
from pathlib import Path

from selfinstruct.core.settings.model import Settings

_RESERVE = 24
"""File descriptors for everything but connections: database, journal, exports, imports, DNS look-ups."""


def limit() -> int | None:
    """Return the soft limit on open files and connections of this process; None if there is none."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def room_for(connections: int, *, endpoints: int = 1) -> int:
    """Return how many of the wanted connections each endpoint can have open at once; at least 1.

    Raises the soft limit if it is too low, as far as the hard limit allows.

    Args:
        connections: Connections wanted per endpoint.
        endpoints: Number of endpoints that share the limit.
    """
    soft = limit()
    if soft is None:
        return connections
    besides = _open_now() + _RESERVE
    wanted = connections * endpoints + besides
    if soft < wanted:
        soft = _raised(wanted)
    return max(1, min(connections, (soft - besides) // endpoints))


def shortage(settings: Settings) -> str:
    """Return a sentence if open files limit the concurrency below the settings; empty otherwise."""
    asked = [one for one in (settings, settings.of_embeddings) if one is not None and not one.is_offline]
    if not asked or room_for(settings.concurrency, endpoints=len(asked)) >= settings.concurrency:
        return ""
    return (
        f"Fewer than {settings.concurrency} requests are sent at once: this program may have at most"
        f" {limit()} files and connections open. Raise the limit with ulimit -n."
    )


def _raised(wanted: int) -> int:
    """Raise the soft limit to `wanted`, or as close as allowed; returns the new limit."""
    import resource  # noqa: PLC0415 - as above

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    new = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(OSError, ValueError):  # macOS enforces a lower limit than the unlimited one it reports
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, new), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _open_now() -> int:
    try:
        return sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:
        return _RESERVE
