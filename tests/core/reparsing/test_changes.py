"""What reparsing has found, as data."""

from dataclasses import fields, replace
from typing import Any

import pytest

from selfinstruct.core.reparsing.changes import Differences

NOTHING = Differences(up_to=1, answers=3, unreadable=1, labels_again=1, instances_again=1)
LISTS = [one.name for one in fields(Differences) if isinstance(getattr(NOTHING, one.name), list)]


@pytest.mark.parametrize("changed", sorted({*LISTS} - {"spared"}))
def test_a_change_of_any_kind_is_something_to_apply(changed: str) -> None:
    lists: dict[str, Any] = {changed: [object()]}
    assert not replace(NOTHING, **lists).is_empty


def test_what_is_spared_is_nothing_to_apply() -> None:
    spared: Any = object()
    assert replace(NOTHING, spared=[spared]).is_empty
