"""A search finds exactly the tasks whose instruction has all the words, whatever script they are in."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.db.check.check import check
from selfinstruct.db.records import Standing, TaskQuery
from selfinstruct.db.repair.repair import repairing
from selfinstruct.db.tables.tasks import Tasks
from selfinstruct.db.workspace import Workspace

_LETTERS = "abAB éÉö\u0308\u0301ßиИжЖ日本語한국เด็กعر🎉👩\u200d🚀%_\\\"'*^-()."
_TEXTS = 400


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tasks, list[str]]]:
    """Tasks of odd texts, and these texts; the task of the first has the id 1."""
    chance = Random(5)
    texts = ["".join(chance.choices(_LETTERS, k=chance.randrange(1, 25))) for _ in range(_TEXTS)]
    with Workspace.open(tmp_path_factory.mktemp("odd") / "w.db", create=True) as workspace:
        with workspace.transaction():
            for text in texts:
                workspace.tasks.add(text, origin="human", at="now")
        yield workspace.tasks, texts


def has(text: str, word: str) -> bool:
    """Whether a word is in a text, in any case; words of one or two letters only where they are ASCII."""

    def folded(of: str) -> str:
        return "".join(one.lower() if len(word) >= 3 or one.isascii() else one for one in of)

    return folded(word) in folded(text)


def scanned(texts: list[str], words: tuple[str, ...]) -> list[int]:
    found = [number for number, text in enumerate(texts, 1) if all(has(text, word) for word in words)]
    return found[::-1]


@given(st.data())
def test_words_taken_from_the_texts_are_found_where_a_scan_finds_them(
    filled: tuple[Tasks, list[str]], data: st.DataObject
) -> None:
    tasks, texts = filled
    text = data.draw(st.sampled_from(texts))
    start = data.draw(st.integers(0, len(text) - 1))
    word = text[start : start + data.draw(st.integers(1, 6))]
    found = list(tasks.search(TaskQuery(words=(word,))))
    assert texts.index(text) + 1 in found
    assert found == scanned(texts, (word,))


@given(st.lists(st.text(_LETTERS, min_size=1, max_size=4), min_size=1, max_size=3))
def test_any_words_are_found_where_a_scan_finds_them(
    filled: tuple[Tasks, list[str]], words: list[str]
) -> None:
    tasks, texts = filled
    wanted = TaskQuery(words=tuple(words))
    assert list(tasks.search(wanted)) == scanned(texts, wanted.words)
    assert sorted(tasks.search(wanted, "instruction")) == sorted(scanned(texts, wanted.words))


def test_all_tasks_are_listed_newest_first_also_where_a_repair_has_left_a_gap(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.db", create=True) as workspace:
        for number in range(4):
            workspace.tasks.add(f"Name river {number}.", origin="human", at="now")
        assert list(workspace.tasks.search(TaskQuery())) == [4, 3, 2, 1]
        workspace._db.execute("DELETE FROM tasks WHERE id = 2")
        assert list(workspace.tasks.search(TaskQuery())) == [4, 3, 1]


def test_a_search_follows_what_is_reworded_undone_and_repaired(tmp_path: Path) -> None:
    path, chance = tmp_path / "w.db", Random(7)
    texts = [f"Describe {number} 日本{number} words." for number in range(30)]
    with Workspace.open(path, create=True) as workspace:
        for text in texts:
            workspace.tasks.add(text, origin="human", at="now")
        for step in range(200):
            place = chance.randrange(len(texts))
            reworded = f"Describe {step} 東京{chance.choice('abc')} {texts[place][:20]}"
            if chance.random() < 0.5:
                reworded = f"Describe {place} 日本{place} words."
            before = Standing("pending", texts[place], None)
            after = Standing("pending", reworded, None)
            workspace.decisions.add(
                place + 1, "edit", step=step, who="human", at="now", before=before, after=after
            )
            texts[place] = reworded
        assert finds_all(workspace.tasks, texts)
    with repairing(path, at="2026-01-02T13:00:00.000+00:00") as repaired:
        repaired.put_in_place()
    assert check(path).is_well
    with Workspace.open(path) as workspace:
        assert finds_all(workspace.tasks, texts)


def finds_all(tasks: Tasks, texts: list[str]) -> bool:
    words = ("東京a", "東京", "日本1", "日本", "describe", "no such", "s.", "7 ")
    return all(list(tasks.search(TaskQuery(words=(word,)))) == scanned(texts, (word,)) for word in words)


def test_common_words_are_read_from_the_index_alone(workspace: Workspace) -> None:
    asked: list[str] = []
    workspace._db.set_trace_callback(asked.append)
    workspace.tasks.search(TaskQuery(words=("river",)))
    workspace._db.set_trace_callback(None)
    (sql,) = (one for one in asked if "MATCH" in one and not one.startswith("--"))
    plan = " ".join(row[3] for row in workspace._db.execute(f"EXPLAIN QUERY PLAN {sql}"))
    assert "VIRTUAL TABLE" in plan
    assert "USE TEMP B-TREE" not in plan
