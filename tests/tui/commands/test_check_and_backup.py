"""`selfinstruct check` and `selfinstruct backup` as commands: what they say, and how they end."""

import random
import shutil
from pathlib import Path

import pytest

from selfinstruct.tui.text.safe_text import safe
from tests.db.check.test_check import by_hand
from tests.db.lived_in import decisions_of, live_in
from tests.db.repair.test_repair import overwrite, page_of
from tests.tui.commands.running import run


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upkeep") / "w.db"
    live_in(path)
    return path


@pytest.fixture
def path(_made: Path, tmp_path: Path) -> Path:
    """A workspace that has been worked on."""
    return Path(shutil.copy(_made, tmp_path / "w.db"))


def test_check_says_what_it_looked_at_and_that_all_is_well(path: Path) -> None:
    result = run("check", "--db", path)
    assert result.exit_code == 0
    *parts, last = result.stdout.splitlines()
    assert len(parts) == 9
    assert parts[-1].startswith("ok     scores")
    assert parts[-1].endswith("recomputed with the tokens and F-measure of rouge_score. They agree.")
    assert all(line.startswith("ok ") for line in parts)
    assert last == f"All is well with {path}."


def test_check_says_that_the_search_index_was_not_checked_where_nothing_can_be_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever may write everywhere runs the tests, too.
    monkeypatch.setattr("selfinstruct.db.check.check.is_writable", lambda path: False)
    result = run("check", "--db", path)
    assert result.exit_code == 0
    *parts, last = result.stdout.splitlines()
    (search,) = (line for line in parts if " search " in line)
    assert search == (
        "-      search     The full-text index of the instructions was not checked: that requires write"
        " access to the file and its folder."
    )
    assert all(line.startswith("ok ") for line in parts if line != search)
    assert last == f"All is well with {path}."


def test_check_says_what_is_wrong_and_what_to_do_and_ends_with_1(path: Path) -> None:
    with by_hand(path) as db:
        db.execute("UPDATE spending SET charged_usd = 9")
    result = run("check", "--db", path)
    assert result.exit_code == 1
    assert "wrong  sums" in result.stdout
    assert "They do not match the sums of the attempts' costs." in result.stdout
    assert "run this command with --repair" in result.stdout


def test_without_a_terminal_nothing_is_repaired_unasked(path: Path) -> None:
    with by_hand(path) as db:
        db.execute("DELETE FROM spending")
    before = path.read_bytes()
    result = run("check", "--db", path, "--repair")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert path.read_bytes() == before


def test_a_repair_says_what_became_of_the_file_and_ends_with_0(path: Path) -> None:
    decisions = decisions_of(path)
    overwrite(path, page_of(path, "decisions"))
    result = run("check", "--db", path, "--repair", "--yes")
    assert result.exit_code == 0, result.output
    assert f"The damaged file is now {path}.before-repair." in result.stdout
    assert result.stdout.splitlines()[-1] == f"All is well with {path}."
    assert decisions_of(path) == decisions
    again = run("check", "--db", path, "--repair", "--yes")
    assert again.exit_code == 0
    assert "There is nothing to repair." in again.stdout


def test_a_repair_that_would_lose_a_decision_is_refused_and_ends_with_1(path: Path) -> None:
    with by_hand(path) as db:
        db.execute("DELETE FROM decisions WHERE id = 5")
    before = path.read_bytes()
    result = run("check", "--db", path, "--repair", "--yes")
    assert result.exit_code == 1
    assert "without losing decisions that cannot be read: number 5." in result.output
    assert path.read_bytes() == before


def test_what_is_read_from_a_damaged_file_drives_no_terminal(path: Path) -> None:
    with by_hand(path) as db:
        db.execute("INSERT INTO settings VALUES (?, ?)", ["\x1b]52;c;eA==\x07\u202e", "{"])
        db.execute('CREATE TABLE "\x1b[2J\u202e" (x)')
    for words in (["check"], ["check", "--repair", "--yes"], ["status"]):
        output = run(*words, "--db", path).output
        assert safe(output) == output


def test_backup_says_where_it_is(path: Path, tmp_path: Path) -> None:
    result = run("backup", "--db", path, "--out", tmp_path / "b.db")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Wrote {tmp_path / 'b.db'}: ")
    assert run("check", "--db", tmp_path / "b.db").exit_code == 0
    assert run("backup", "--db", path, "--out", tmp_path / "b.db").exit_code == 2


COMMANDS = (["status"], ["status", "--json"], ["export", "--out", "x.jsonl", "--force"], ["check"])


def all_commands_end_with_a_sentence(path: Path) -> None:
    for words in COMMANDS:
        result = run(*words, "--db", path)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert result.exit_code in {0, 1, 2}
        assert "Traceback" not in result.output
        assert result.exit_code == 0 or result.output.strip()


@pytest.mark.parametrize(
    "table",
    ["settings", "runs", "endpoints", "requests", "attempts", "tasks", "instances", "decisions", "reasons"],
)
@pytest.mark.parametrize("damage", [b"\xff" * 8, bytes(4096)], ids=["head", "all"])
def test_a_damaged_page_of_any_table_is_said_in_a_sentence(path: Path, table: str, damage: bytes) -> None:
    overwrite(path, page_of(path, table), damage)
    all_commands_end_with_a_sentence(path)
    checked = run("check", "--db", path)
    assert checked.exit_code == 1
    assert "--repair" in checked.stdout


@pytest.mark.nightly
def test_whatever_bytes_are_changed_every_command_ends_with_a_sentence(path: Path) -> None:
    rng = random.Random(1)
    whole = path.read_bytes()
    for page in range(1, len(whole) // 4096 + 1):
        path.write_bytes(whole)
        for _ in range(rng.choice([1, 4, 16])):
            overwrite(path, page, rng.randbytes(1), at=rng.randrange(100 if page == 1 else 0, 4096))
        all_commands_end_with_a_sentence(path)
