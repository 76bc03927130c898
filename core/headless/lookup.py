"""Lookups: the nearest tasks of any text, and the verdict that the filters would give it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from selfinstruct.core.language.registry import language
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.method.seeds import as_begun
from selfinstruct.core.pool.assessor import Assessment, Assessor
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.similarity.rouge_index import Neighbour


@dataclass(frozen=True, slots=True)
class Found:
    """A text as it would be stored, its assessment, and its nearest tasks of the pool, best first."""

    text: str
    assessment: Assessment
    neighbours: "list[Neighbour]"


class Lookup:
    """Compares texts with the pool, by ROUGE-L only; changes nothing, not even in the workspace's settings.

    Args:
        workspace: The workspace; it may be open for reading only.
        settings: The settings of the next run, whose filters apply.

    Raises:
        SettingsError: The settings ask for another language than the workspace has.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        begun = as_begun(workspace, settings)
        self._assessor = Assessor(workspace, begun.filters, language(begun.language))

    def search(self, text: str, *, k: int = 10) -> Found:
        """Assess a text as if it were a candidate, and find its `k` nearest tasks."""
        wording = clean_instruction(storable_text(text))
        self._assessor.catch_up()
        return Found(wording, self._assessor.assess(wording), self._assessor.look_up(wording, k))

    def neighbours(self, task_id: int, instruction: str, *, k: int = 10) -> "list[Neighbour]":
        """Return the `k` nearest tasks of a task, best first."""
        return self._assessor.neighbours(instruction, but=task_id, k=k)
