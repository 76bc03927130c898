"""Texts in another script than that of the language.

Latin text begins with a Latin letter; other scripts often stand beside Latin names, so one letter of their
own is enough.
"""

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import RuleFilter
from selfinstruct.core.filtering.setting_kinds import Switch
from selfinstruct.core.language.script import is_of_script

SCRIPT = Switch(
    name="script",
    label="other script refused",
    description="Refuse instructions in another script than that of the language.",
)
_NAMES = {"CJK UNIFIED IDEOGRAPH": "Chinese"}
"""What Unicode calls otherwise than people do."""


def _other_script(candidate: Candidate) -> str | None:
    language = candidate.language
    if not language.scripts:
        return None
    first = next(filter(str.isalpha, candidate.text), None)
    if first is None:
        return f"It has no letter: {candidate.quoted}."
    if language.scripts == ("LATIN",):
        return None if is_of_script(first, language) else f'Its first letter, "{first}", is not Latin.'
    if any(is_of_script(letter, language) for letter in filter(str.isalpha, candidate.text)):
        return None
    names = " or ".join(_NAMES.get(script, script.title()) for script in language.scripts)
    return f"None of its letters is {names}: {candidate.quoted}."


NOT_LATIN = RuleFilter(
    "not_latin", lambda candidate: _other_script(candidate) if candidate.language.is_english else None, SCRIPT
)
OTHER_SCRIPT = RuleFilter(
    "script", lambda candidate: None if candidate.language.is_english else _other_script(candidate), SCRIPT
)
