"""Words are found in any case, also where letters are not ASCII."""

import pytest

from selfinstruct.db.records import Standing, TaskQuery
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


def test_tasks_are_read_page_by_page_each_once(workspace: Workspace) -> None:
    with workspace.transaction():
        for number in range(10):
            task_id = workspace.tasks.add(f"Name {number} rivers.", origin="model", at="now")
            if number % 2:
                before = workspace.tasks.get(task_id).standing
                after = Standing("rejected", before.instruction, before.label)
                workspace.decisions.add(
                    task_id, "reject", step=number, who="human", at="now", before=before, after=after
                )
    for page, ids in (
        (workspace.tasks.undecided, [1, 3, 5, 7, 9]),
        (workspace.tasks.decided, [2, 4, 6, 8, 10]),
    ):
        found: list[int] = []
        while pages := page(found[-1] if found else 0, 2):
            found += [task.id for task in pages]
            assert len(found) <= len(ids)
        assert found == ids
