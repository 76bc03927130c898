"""A damaged workspace before a person at a terminal: the curator's last word, and a repair that asks."""

import random
import shutil
from pathlib import Path

import pytest

from tests.db.check.test_check import by_hand
from tests.db.lived_in import decisions_of, live_in, rows
from tests.db.repair.test_repair import leaves_of, overwrite, page_of
from tests.journeys.terminal import Terminal

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has been worked on, with the built-in model from now on."""
    path = tmp_path_factory.mktemp("damaged") / "w.db"
    live_in(path)
    return path


def test_a_repair_asks_first_and_does_nothing_without_a_yes(made: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(made, tmp_path / "w.db"))
    with by_hand(path) as db:
        db.execute("DELETE FROM spending")
    before = path.read_bytes()
    with Terminal("selfinstruct", "check", "--repair", "--db", str(path)) as terminal:
        terminal.wait_for("Replace the damaged file", "[y/N]")
        terminal.press("n", "enter")
        assert terminal.wait() == 1
        assert "Nothing was changed." in terminal.text
    assert path.read_bytes() == before
    assert [there.name for there in tmp_path.iterdir()] == ["w.db"]
    with Terminal("selfinstruct", "check", "--repair", "--db", str(path)) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press("y", "enter")
        assert terminal.wait() == 0
        assert "All is well with" in terminal.text
    assert sorted(there.name for there in tmp_path.iterdir()) == ["w.db", "w.db.before-repair"]


def go_round(path: Path) -> str:
    """Open the curator, go to every screen, and leave; returns all that it wrote."""
    with Terminal("selfinstruct-tui", "--db", str(path), "--model", "offline") as terminal:
        terminal.wait_for_one_of("Curate", "Error", "damaged")
        terminal.press(*"2jj3jj4567", "escape", "escape", *"1jjar", "u", "q", "q")
        code = terminal.wait()
        assert code in {0, 1, 2}
        written = terminal.received.decode("utf-8", "replace")
    assert "Traceback" not in written
    assert code == 0 or "Error: " in written
    return written


@pytest.mark.parametrize("table", ["tasks", "decisions", "requests"])
def test_the_curator_ends_with_a_sentence_when_it_comes_upon_a_damaged_page(
    made: Path, tmp_path: Path, table: str
) -> None:
    path = Path(shutil.copy(made, tmp_path / "w.db"))
    overwrite(path, page_of(path, table))
    assert "selfinstruct check --db" in go_round(path).replace("\r\n", " ")


@pytest.mark.nightly
def test_wherever_bytes_are_changed_the_curator_ends_with_a_sentence(made: Path, tmp_path: Path) -> None:
    rng = random.Random(2)
    path = tmp_path / "w.db"
    whole = made.read_bytes()
    names = [name for (name,) in rows(made, "SELECT name FROM sqlite_master WHERE rootpage > 0")]
    pages = {page_of(made, name) for name in names} | set(leaves_of(made, "tasks"))
    for page in sorted(pages)[::4]:
        path.write_bytes(whole)
        for _ in range(8):
            overwrite(path, page, rng.randbytes(1), at=rng.randrange(4096))
        go_round(path)
        for there in tmp_path.glob("w.db?*"):
            there.unlink()


def test_the_curator_leaves_decisions_alone_that_it_cannot_read(made: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(made, tmp_path / "w.db"))
    before = decisions_of(path)
    overwrite(path, page_of(path, "similarity"), b"\xff" * 4096)
    go_round(path)
    assert decisions_of(path)[: len(before)] == before
