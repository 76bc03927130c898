"""Decisions and suggestions in words: by whom, and what."""

from selfinstruct.db.records import AnyDecision, Suggestion


def by_whom(decision: AnyDecision) -> str:
    """Return who took a decision, and the tag: "anna, spam"; for a command that a person ran, its name.

    It is not made safe for the terminal yet, and neither is that of `suggested`.
    """
    person = decision.person or "human"
    if decision.is_of_command:
        assert decision.tag is not None
        # A command decides, and a person takes that back or brings it again.
        return f"{person}, {decision.tag}" if decision.kind in {"undo", "redo"} else decision.tag
    who = person if decision.who == "human" else decision.who
    return f"{who}, {decision.tag}" if decision.tag else who


def suggested(suggestion: Suggestion) -> str:
    """Return a suggestion without its wording: "bot suggests: reject (off topic)"."""
    why = f" ({suggestion.reason})" if suggestion.reason else ""
    return f"{suggestion.person} suggests: {suggestion.decision}{why}"
