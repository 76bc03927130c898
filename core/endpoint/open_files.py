"""How many connections the limit on open files leaves room for."""

from contextlib import suppress
from pathlib import Path

from selfinstruct.core.settings.model import Settings

_RESERVE = 24
"""Files that are opened meanwhile: the database and its journal, exports, modules, look-ups of host names."""


def limit() -> int | None:
    """How many files and connections this program may have open; None where there is no such limit."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def room_for(connections: int, *, endpoints: int = 1) -> int:
    """How many of so many connections can be open at once to each of some endpoints, at least one.

    The limit is raised where it is too low, as far as the system lets a program do so.
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
    """Why fewer requests are under way at once than the settings say, in a sentence; empty when not so."""
    asked = [one for one in (settings, settings.of_embeddings) if one is not None and not one.is_offline]
    if not asked or room_for(settings.concurrency, endpoints=len(asked)) >= settings.concurrency:
        return ""
    return (
        f"Fewer than {settings.concurrency} requests are sent at once: this program may have no more than"
        f" {limit()} files and connections open. ulimit -n raises that."
    )


def _raised(wanted: int) -> int:
    """Raise the limit to `wanted`, or as near to it as may be; returns what it is then."""
    import resource  # noqa: PLC0415 - as above

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    new = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(OSError, ValueError):  # macOS has another limit, below one that seems to be none
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, new), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _open_now() -> int:
    try:
        return sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:
        return _RESERVE
