"""Lines with decisions: what they may say, and how it is told what they may not."""

import pytest

from selfinstruct.core.headless.decision_lines import DecisionLine, LineError, read_line


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('{"id": 4, "decision": "accept"}', DecisionLine(4, "accept")),
        ('{"id": 4, "decision": "accept", "despite": true}', DecisionLine(4, "accept", despite=True)),
        ('{"decision": "reject", "reason": "spam", "id": 4}', DecisionLine(4, "reject", reason="spam")),
        ('{"id": 4, "decision": "reject", "reason": null}', DecisionLine(4, "reject")),
        ('{"id": 4, "decision": "edit", "instruction": "雨"}', DecisionLine(4, "edit", instruction="雨")),
        (
            '{"id": 4, "decision": "label", "label": "generation"}',
            DecisionLine(4, "label", label="generation"),
        ),
        ('{"id": 4, "decision": "restore", "instance": null}', DecisionLine(4, "restore")),
        ('{"id": 4, "decision": "undo"}', DecisionLine(4, "undo")),
        ('{"id": 4, "instance": 7, "decision": "keep"}', DecisionLine(4, "keep", 7)),
        ('{"id": 4, "instance": 7, "decision": "drop"}', DecisionLine(4, "drop", 7)),
        (
            '{"id": 4, "instance": 7, "decision": "edit", "input": ""}',
            DecisionLine(4, "edit", 7, input=""),
        ),
    ],
)
def test_a_line_says_what_is_decided(line: str, wanted: DecisionLine) -> None:
    assert read_line(line) == wanted


def test_a_suggestion_has_a_reason_whatever_it_is() -> None:
    line = '{"id": 4, "decision": "accept", "reason": "clear"}'
    assert read_line(line, suggested=True) == DecisionLine(4, "accept", reason="clear")
    with pytest.raises(LineError, match="accept has no field reason"):
        read_line(line)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("accept 4", "it is not JSON: expecting value at column 1."),
        ("[" * 100_000, "it is not JSON: nested too deep."),
        ('{"id": ' + "9" * 5000 + "}", "it is not JSON: "),
        ("[4]", "it is not an object"),
        ("{}", "decision is one of accept, reject, edit, label, restore, undo."),
        ('{"id": 4, "decision": 5}', "decision is one of"),
        ('{"id": 4, "decision": "acept"}', "did you mean accept?"),
        ('{"id": 4, "decison": "accept"}', "decison is not a field; did you mean decision?"),
        ('{"decision": "accept"}', "accept needs id."),
        ('{"id": "4", "decision": "accept"}', "id is a number, such as 204."),
        ('{"id": true, "decision": "accept"}', "id is a number"),
        ('{"id": 4.0, "decision": "accept"}', "id is a number"),
        ('{"id": 0, "decision": "accept"}', "id is a number"),
        ('{"id": 99999999999999999999, "decision": "accept"}', "id is a number"),
        ('{"id": 4, "decision": "accept", "despite": "yes"}', "despite is true or false."),
        ('{"id": 4, "decision": "reject", "reson": "x"}', "reject has no field reson; did you mean reason?"),
        ('{"id": 4, "decision": "undo", "zzz": 1}', "undo has no field zzz; it takes id, decision."),
        ('{"id": 4, "decision": "edit"}', "edit needs instruction."),
        ('{"id": 4, "decision": "edit", "instruction": ["x"]}', "instruction is a text."),
        ('{"id": 4, "decision": "label"}', "label needs label."),
        ('{"id": 4, "decision": "label", "label": "class"}', "did you mean classification?"),
        ('{"id": 4, "decision": "label", "label": "unclear"}', "one of classification, generation."),
        ('{"id": 4, "decision": "drop"}', "drop needs instance: it is a decision on an instance."),
        ('{"id": 4, "instance": 7, "decision": "accept"}', "decision is one of keep, drop, edit."),
        ('{"id": 4, "instance": 7, "decision": "edit"}', "needs input, output or both."),
    ],
)
def test_what_is_no_decision_is_told_with_what_would_be_one(line: str, sentence: str) -> None:
    with pytest.raises(LineError) as told:
        read_line(line)
    assert sentence in told.value.sentence


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 4, "decision": "label", "label": "generation"}',
        '{"id": 4, "decision": "undo"}',
        '{"id": 4, "instance": 7, "decision": "drop"}',
        '{"id": 4, "decision": "accept", "despite": true}',
    ],
)
def test_only_accepting_rejecting_and_editing_can_be_suggested(line: str) -> None:
    with pytest.raises(LineError):
        read_line(line, suggested=True)
