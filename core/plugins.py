"""Plugins: filters, export formats and row shapes of other packages, found by their entry points."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, TypeVar

Group = Literal["selfinstruct.filters", "selfinstruct.exporters", "selfinstruct.importers"]
"""The entry points that are looked for."""

_Kind = TypeVar("_Kind")

_problems: list[str] = []


def plugins(
    group: Group, kind: type[_Kind] | tuple[type[_Kind], ...], *, named: Callable[[Any], str], taken: set[str]
) -> tuple[_Kind, ...]:
    """Load what other packages add to a registry, in the order of the names of their entry points.

    One that cannot be loaded, is of another kind, or has a name that is taken is left out, and
    `plugin_problems` says so.

    Args:
        group: The entry points.
        kind: What each must be an instance of.
        named: Returns the name by which the registry knows one.
        taken: The names that are in the registry.
    """
    found: list[_Kind] = []
    known = set(taken)
    for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
        try:
            loaded = entry.load()
        except Exception as error:  # noqa: BLE001 - whatever a foreign package raises
            _report(entry, f"cannot be loaded: {error or type(error).__name__}")
            continue
        if not isinstance(loaded, kind):
            _report(entry, f"is a {type(loaded).__name__}, which is not what {group} takes")
        elif named(loaded) in known:
            _report(entry, f"has the name {named(loaded)}, which is taken")
        else:
            known.add(named(loaded))
            found.append(loaded)
    return tuple(found)


def plugin_problems() -> tuple[str, ...]:
    """Return why plugins were left out, a sentence each."""
    return tuple(_problems)


def _report(entry: EntryPoint, what: str) -> None:
    package = entry.dist.name if entry.dist else "another package"
    _problems.append(
        f"The plugin {entry.name} of {package} ({entry.value}) {what}. Update or uninstall {package}."
    )
