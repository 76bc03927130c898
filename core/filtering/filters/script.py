"""The script filter: instructions in a script that does not belong to the language.

In languages with Latin script the first letter must be Latin. Text in other scripts often contains Latin
names, so one letter in the right script is enough.
"""

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import RuleFilter
from selfinstruct.core.filtering.setting_kinds import Switch
from selfinstruct.core.language.script import is_of_script

SCRIPT = Switch(
    name="script",
    label="other script refused",
    description="Reject instructions in a script that does not belong to the language.",
)
_NAMES = {"CJK UNIFIED IDEOGRAPH": "Chinese"}
"""Common names of scripts, where Unicode uses another."""


def _other_script(candidate: Candidate) -> str | None:
    language = candidate.language
    if not language.scripts:
        return None
    first = next(filter(str.isalpha, candidate.text), None)
    if first is None:
        return f"It has no letters: {candidate.quoted}."
    if language.scripts == ("LATIN",):
        return None if is_of_script(first, language) else f'Its first letter, "{first}", is not Latin.'
    if any(is_of_script(letter, language) for letter in filter(str.isalpha, candidate.text)):
        return None
    names = " or ".join(_NAMES.get(script, script.title()) for script in language.scripts)
    return f"It has no {names} letters: {candidate.quoted}."


NOT_LATIN = RuleFilter(
    "not_latin", lambda candidate: _other_script(candidate) if candidate.language.is_english else None, SCRIPT
)
OTHER_SCRIPT = RuleFilter(
    "script", lambda candidate: None if candidate.language.is_english else _other_script(candidate), SCRIPT
)
