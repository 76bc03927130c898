"""Suggestions stay, in their order."""

from selfinstruct.db.records import Suggestion
from selfinstruct.db.workspace import Workspace


def test_suggestions_come_back_oldest_first_for_each_task(workspace: Workspace) -> None:
    one, other, none = (workspace.tasks.add(text, origin="model", at="now") for text in "abc")
    workspace.suggestions.add(one, "accept", person="bot", at="2")
    workspace.suggestions.add(other, "edit", instruction="d", reason="why", person="bot", at="1")
    workspace.suggestions.add(one, "reject", person="anna", at="1")
    first = [
        Suggestion(1, one, "accept", None, None, "bot", "2"),
        Suggestion(3, one, "reject", None, None, "anna", "1"),
    ]
    assert workspace.suggestions.of_task(one) == first
    assert workspace.suggestions.of_tasks([none, other, one]) == {
        one: first,
        other: [Suggestion(2, other, "edit", "d", "why", "bot", "1")],
    }
    assert workspace.suggestions.of_task(none) == []
