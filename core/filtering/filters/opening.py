"""The opening filter: phrases that an instruction must not begin with, such as "Write a program".

The rule is that of the paper's released pipeline.
"""

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import PhraseFilter
from selfinstruct.core.filtering.setting_kinds import Phrases
from selfinstruct.core.language.unicode_tokens import fold

OPENINGS = Phrases(
    name="openings",
    label="openings refused",
    description="Phrases that an instruction must not begin with, in any case.",
    noun="opening",
)


def _find(candidate: Candidate, openings: tuple[str, ...]) -> str | None:
    found = next((opening for opening in openings if candidate.folded.startswith(fold(opening))), None)
    return None if found is None else f'It begins with "{found}".'


OPENING = PhraseFilter("opening", _find, OPENINGS)
