"""Shapes of rows that several trainers read."""

from selfinstruct.core.export.format_kinds import Record
from selfinstruct.core.export.preference_rows import PreferencePair, RatedRow
from selfinstruct.core.export.style import Style, answer
from selfinstruct.db.records import TrainingRow


def messages(row: TrainingRow, style: Style) -> Record:
    """Encode the whole conversation."""
    return {"messages": style.messages(row)}


def messages_and_answers(pair: PreferencePair, style: Style) -> Record:
    """Encode a pair as the messages before, and one message for each answer."""
    return {
        "messages": style.prompt(pair.row),
        "chosen": answer(pair.chosen),
        "rejected": answer(pair.rejected),
    }


def messages_and_label(rated: RatedRow, style: Style) -> Record:
    """Encode the whole conversation, and whether its last answer is wanted."""
    return {"messages": style.messages(rated.row), "label": rated.label}


def input_and_outputs(pair: PreferencePair, style: Style) -> Record:
    """Encode a pair as services take it: the input, the preferred and the other output."""
    return {
        "input": {"messages": style.prompt(pair.row)},
        "preferred_output": [answer(pair.chosen)],
        "non_preferred_output": [answer(pair.rejected)],
    }
