"""Words are found in any case, also where letters are not ASCII."""

import pytest

from selfinstruct.db.records import TaskQuery
from selfinstruct.db.workspace import Workspace


@pytest.mark.parametrize(
    ("instruction", "word"),
    [
        ("Décris un été à la mer.", "ÉTÉ"),
        ("Опиши лес осенью.", "ЛЕС"),
        ("Nenne drei Öle.", "öle"),
        ("Name a river of Europe.", "RIVER"),
        ("Is it so?", "IT"),
    ],
)
def test_a_word_is_found_in_another_case(workspace: Workspace, instruction: str, word: str) -> None:
    workspace.tasks.add("Something else altogether.", origin="human", at="now")
    task_id = workspace.tasks.add(instruction, origin="human", at="now")
    assert workspace.tasks.search(TaskQuery(words=(word,))) == [task_id]
    assert workspace.tasks.search(TaskQuery(words=(word, "nothing"))) == []
