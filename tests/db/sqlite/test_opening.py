"""Opening whatever may lie where a workspace is looked for: one sentence, and nothing is harmed."""

import ctypes
import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct.db.check.check import check
from selfinstruct.db.errors import StorageError, WorkspaceError
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.db.check.test_check import by_hand
from tests.db.lived_in import rows
from tests.tui.commands.running import auto, run

COMMANDS = (
    ["status"],
    ["export", "--out", "x.jsonl", "--force"],
    ["check"],
    ["backup", "--out", "x.db", "--force"],
)
PROGRAMS = Path(sys.executable).parent


def said_by_every_command(path: Path) -> set[str]:
    """What the commands say of a file that none of them can use: one sentence each."""
    said = set()
    for words in COMMANDS:
        result = run(*words, "--db", path)
        assert result.exit_code == 2, (words, result.output)
        (sentence,) = result.output.strip().splitlines()
        said.add(sentence)
    result = auto("--target", "1", "--db", path)
    assert result.exit_code == 2
    (sentence,) = result.output.strip().splitlines()
    return said | {sentence}


def make_shop(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE orders (id)")
        db.commit()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_text("just text, and more of it " * 200), "is not a workspace"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "is not a workspace"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(5000)), "is not a workspace"),
        (make_shop, "is a SQLite file of another program"),
        (lambda path: path.mkdir(), "is a folder"),
        (os.mkfifo, "is not an ordinary file"),
        (lambda path: path.symlink_to("/dev/zero"), "is not an ordinary file"),
        (
            lambda path: path.symlink_to(path.with_name("nowhere")),
            "is a symbolic link to a file that does not",
        ),
        (lambda path: path.symlink_to(path), "symbolic link"),
    ],
    ids=[
        "text",
        "torn",
        "empty pages",
        "another program's",
        "folder",
        "pipe",
        "device",
        "to nothing",
        "to itself",
    ],
)
def test_what_is_no_workspace_is_said_by_every_command_and_left_alone(
    tmp_path: Path, make: object, said: str
) -> None:
    path = tmp_path / "w.db"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    assert all(said in sentence and str(path) in sentence for sentence in said_by_every_command(path))
    assert (path.read_bytes() if path.is_file() else None) == before
    assert [there.name for there in tmp_path.iterdir()] == ["w.db"]


@pytest.mark.parametrize("name", ["n" * 300, "a/b/c/w.db", "w.db/below"])
def test_where_nothing_can_be_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "w.db").touch()
    for create in (True, False):
        with pytest.raises(WorkspaceError):
            Workspace.open(tmp_path / name, create=create)


def test_a_newer_workspace_is_said_by_every_command_and_left_alone(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("PRAGMA user_version = 99")
    before = lived_in.read_bytes()
    for words in (["status"], ["export", "--out", "x.jsonl"], ["check"], ["check", "--repair", "--yes"]):
        result = run(*words, "--db", lived_in)
        assert result.exit_code == 2
        assert "Upgrade selfinstruct-tui" in result.output
    assert lived_in.read_bytes() == before


@pytest.mark.parametrize(
    "name",
    [
        ":memory:",
        "file:w.db?mode=memory",
        "with space & % # ? 'quotes' \"double\".db",
        "-w.db",
        "新しい.db",
        os.fsdecode(b"not-utf8-\xff.db"),
        "line\nbreak\x1b[31m.db",
        "w.db-journal",
    ],
)
def test_any_name_is_the_name_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with Workspace.open(Path(name), create=True) as workspace:
        workspace.start_run(at="now")
        workspace.tasks.add("Name a river.", origin="human", at="now")
        workspace.end_run(at="now")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with Workspace.open(Path(name), read_only=True) as workspace:
        assert workspace.tasks.get(1).instruction == "Name a river."
    assert run("check", f"--db={name}").exit_code == 0
    said = run("backup", f"--db={name}", f"--out={name}").output
    assert "is the workspace itself" in said
    assert "\x1b" not in said
    assert len(said.strip().splitlines()) == 1


def test_programs_that_come_by_a_link_and_by_the_name_itself_know_of_each_other(lived_in: Path) -> None:
    link = lived_in.parent / "link.db"
    link.symlink_to(lived_in)
    with Workspace.open(lived_in) as first, Workspace.open(link) as second:
        first.start_run(at="now")
        second.start_run(at="now")
        ended = rows(lived_in, f"SELECT ended_at FROM runs WHERE id = {first.run_id}")
        assert ended == [(None,)], "the first one is still at work"
        first.end_run(at="now")
        second.end_run(at="now")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_workspace_and_all_that_lies_beside_it_are_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        (tmp_path / "w.db").touch()
        for name in ("w.db", "new.db"):
            with Workspace.open(tmp_path / name, create=True) as workspace:
                workspace.start_run(at="now")
                workspace._db.execute("PRAGMA cache_size = 1")
                with workspace.transaction():
                    for _ in range(200):
                        workspace.tasks.add("Name a river." * 50, origin="human", at="now")
                    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
                    assert {f"{name}-journal", f"{name}-wal"} & modes.keys()
                    assert set(modes.values()) == {0o600}, modes
                workspace.end_run(at="now")
    finally:
        os.umask(before)


# Journals


def leave_journal(path: Path) -> Path:
    """Write to a workspace and be killed in the middle of it; returns the rollback journal that is left."""
    program = (
        "import os, sys\n"
        "from selfinstruct.db.sqlite.driver import sqlite3\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('PRAGMA journal_mode = DELETE')\n"
        "db.execute('PRAGMA cache_size = 1')\n"
        "db.execute('BEGIN')\n"
        'db.execute("UPDATE tasks SET name = hex(randomblob(2000))")\n'
        "db.execute(\"UPDATE settings SET value = '1'\")\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    journal = path.with_name(f"{path.name}-journal")
    assert journal.stat().st_size > 10_000
    return journal


def test_what_a_killed_program_had_half_written_is_taken_back_by_whoever_comes_first(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    whole = lived_in.read_bytes()
    for look in (check, lambda path: Workspace.open(path, read_only=True).close()):
        leave_journal(lived_in)
        assert lived_in.read_bytes() != whole
        look(lived_in)
        assert lived_in.read_bytes() == whole


def test_a_journal_that_is_lost_is_found_by_check(lived_in: Path) -> None:
    leave_journal(lived_in).unlink()
    for words in COMMANDS:
        result = run(*words, "--db", lived_in)
        assert "Traceback" not in result.output
        assert result.exit_code in {0, 1}
    assert run("check", "--db", lived_in).exit_code == 1


@pytest.mark.parametrize("of", ["another program", "another workspace", "an earlier time"])
def test_a_journal_of_another_file_is_not_let_in(lived_in: Path, tmp_path: Path, of: str) -> None:
    other = tmp_path / "other.db"
    if of == "another program":
        with closing(sqlite3.connect(other)) as db:
            db.execute("CREATE TABLE tasks (name TEXT, id)")
            db.execute("CREATE TABLE settings (value)")
            db.executemany("INSERT INTO tasks VALUES (?, ?)", [("x" * 3000, n) for n in range(200)])
            db.commit()
    else:
        shutil.copy(lived_in, other)
        if of == "another workspace":
            with Workspace.open(other) as workspace:
                for number in range(5):
                    workspace.tasks.add(f"Name river {number}.", origin="human", at="now")
    journal = leave_journal(other)
    journal.rename(tmp_path / "w.db-journal")
    if of == "an earlier time":
        # The journal is of a copy; the workspace has gone on since.
        (tmp_path / "w.db-journal").rename(tmp_path / "aside")
        with Workspace.open(lived_in) as workspace:
            for number in range(5):
                workspace.tasks.add(f"Name river {number}.", origin="human", at="now")
        (tmp_path / "aside").rename(tmp_path / "w.db-journal")
    before = lived_in.read_bytes()
    assert all("w.db-journal does not belong to" in said for said in said_by_every_command(lived_in))
    assert lived_in.read_bytes() == before
    (tmp_path / "w.db-journal").unlink()
    assert check(lived_in).is_well


def test_a_log_of_another_program_is_not_let_in(lived_in: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE tasks (id)")
        shutil.copy(tmp_path / "other.db-wal", tmp_path / "w.db-wal")
    before = lived_in.read_bytes()
    assert all("w.db-wal does not belong to" in said for said in said_by_every_command(lived_in))
    assert lived_in.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\0" * 512, b"some text", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"])
def test_a_journal_that_is_none_is_in_nobodys_way(lived_in: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.db-journal").write_bytes(content)
    assert check(lived_in).is_well


# Where nothing can be written


def whom_permissions_stop(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a program as one that may not write and read everything, whoever runs the tests."""

    def drop() -> None:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
                raise PermissionError

    try:
        return subprocess.run(
            [str(PROGRAMS / words[0]), *words[1:]],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=drop if os.geteuid() == 0 else None,
        )
    except subprocess.SubprocessError:
        pytest.skip("permissions stop nobody here")


@pytest.fixture
def shut(lived_in: Path) -> Iterator[Path]:
    """A folder with a workspace in it; it can be deleted in the end whatever a test does to it."""
    folder = lived_in.parent / "shut"
    folder.mkdir()
    lived_in.rename(folder / "w.db")
    yield folder
    folder.chmod(0o755)


@pytest.mark.long
@pytest.mark.parametrize("what", ["folder", "file"])
@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_what_cannot_be_written_can_be_looked_at_exported_checked_and_copied(
    shut: Path, tmp_path: Path, what: str, journal: str
) -> None:
    path = str(shut / "w.db")
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA journal_mode = {journal}")
    before = (shut / "w.db").read_bytes()
    (shut / "w.db" if what == "file" else shut).chmod(0o500)
    for words in (
        ["status"],
        ["export", "--out", f"{tmp_path}/x.jsonl"],
        ["check"],
        ["backup", "--out", f"{tmp_path}/b.db"],
    ):
        done = whom_permissions_stop("selfinstruct", *words, "--db", path)
        assert done.returncode == 0, (words, done.stderr)
    for words in (
        ["selfinstruct-tui", "--auto", "--target", "1"],
        ["selfinstruct", "check", "--repair", "--yes"],
    ):
        done = whom_permissions_stop(*words, "--db", path)
        assert "Traceback" not in done.stderr
        assert ("--read-only" in done.stderr) == ("--auto" in words)
    if what == "folder":
        done = whom_permissions_stop("selfinstruct-tui", "--auto", "--target", "1", "--db", f"{shut}/new.db")
        assert done.returncode == 2
        assert "cannot be written to" in done.stderr
    assert (shut / "w.db").read_bytes() == before
    assert [there.name for there in shut.iterdir()] == ["w.db"]


def test_a_damaged_file_that_cannot_be_written_is_not_repaired_there(shut: Path) -> None:
    with by_hand(shut / "w.db") as db:
        db.execute("DELETE FROM spending")
    shut.chmod(0o500)
    done = whom_permissions_stop("selfinstruct", "check", "--repair", "--yes", "--db", str(shut / "w.db"))
    assert done.returncode == 2
    assert "Copy it elsewhere first" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("closed", ["w.db", ".", "w.db-journal"])
def test_what_one_may_not_read_is_named_and_no_other_thing_is_blamed(shut: Path, closed: str) -> None:
    (shut / "w.db-journal").touch()
    (shut / closed).chmod(0o000)
    for words in (
        ["selfinstruct", "status"],
        ["selfinstruct", "check"],
        ["selfinstruct", "backup", "--out", "b.db"],
        ["selfinstruct-tui", "--auto", "--target", "1"],
    ):
        done = whom_permissions_stop(*words, "--db", str(shut / "w.db"))
        assert done.returncode == 2
        may_not = f"look into the folder {shut}" if closed == "." else f"read {shut / closed}"
        assert done.stderr == (
            f"Error: The workspace {shut / 'w.db'} cannot be opened: you may not {may_not}."
            " Ask its owner for permission, or give --db another file.\n"
        )


def test_letters_that_cannot_be_decoded_are_told_in_words(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("UPDATE tasks SET instruction = CAST(x'41ff' AS TEXT)")
    done = auto("--target", "99", "--db", lived_in)
    assert done.exit_code == 1
    assert done.stderr == (
        f"Error: The workspace {lived_in} is damaged: the column instruction contains text that is"
        f" not valid UTF-8. Do not change it, and run selfinstruct check --db {lived_in}: it reports what is"
        " wrong, and --repair builds a new file from everything that can be read.\n"
    )
    checked = run("check", "--db", lived_in)
    assert "the column instruction contains text that is not valid UTF-8." in checked.output
    assert "UTF-8 column" not in checked.output


def test_what_is_no_sqlite_file_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "w.db").write_text("just text, and more of it " * 200)
    said = run("status", "--db", tmp_path / "w.db").output
    assert (
        "is not a workspace: it does not have the header of a SQLite file. Choose another file with --db."
        in said
    )


def test_what_was_half_written_cannot_be_taken_back_where_nothing_can_be_written(shut: Path) -> None:
    leave_journal(shut / "w.db")
    shut.chmod(0o500)
    done = whom_permissions_stop("selfinstruct", "status", "--db", str(shut / "w.db"))
    assert done.returncode == 2
    assert "open it once where it can be written" in done.stderr


@pytest.mark.long
def test_two_programs_begin_one_workspace_at_the_same_moment(tmp_path: Path) -> None:
    words = [str(PROGRAMS / "selfinstruct-tui"), "--auto", "--target", "1", "--db", str(tmp_path / "w.db")]
    programs = [
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [program.communicate(timeout=300)[1] for program in programs]
    assert [program.returncode for program in programs] == [0, 0, 0], said
    assert check(tmp_path / "w.db").is_well
    assert rows(tmp_path / "w.db", "SELECT count(*) FROM tasks WHERE origin = 'seed'") == [(175,)]


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced"])
def test_a_workspace_that_is_no_longer_in_its_place_stores_nothing_unseen(tmp_path: Path, how: str) -> None:
    path, away = tmp_path / "w.db", tmp_path / "away.db"
    with Workspace.open(path, create=True) as workspace:
        workspace.tasks.add("Name a river.", origin="model", at="now")
        path.unlink() if how == "deleted" else path.rename(away)
        if how == "replaced":
            path.touch()
        for _ in range(2):
            with (
                pytest.raises(StorageError, match="was deleted, moved or replaced while it was open"),
                workspace.transaction(),
            ):
                workspace.tasks.add("Name a lake.", origin="model", at="now")
        if how == "deleted":
            return
        away.replace(path)
        with workspace.transaction():
            workspace.tasks.add("Name a sea.", origin="model", at="now")
        assert workspace.tasks.get(2).instruction == "Name a sea."


def told_by_sqlite(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "is_of_disk"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EIO, "Input/output error"), True),
        (OSError(errno.ELOOP, "Too many levels of symbolic links"), False),
        (told_by_sqlite(sqlite3.SQLITE_FULL), True),
        (told_by_sqlite(sqlite3.SQLITE_IOERR | 3 << 8), True),
        (told_by_sqlite(sqlite3.SQLITE_PERM), False),
    ],
)
def test_only_a_full_or_failing_disk_is_called_one_at_the_opening(
    lived_in: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, is_of_disk: bool
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("selfinstruct.db.sqlite.connection.require_own_journals", fails)
    with pytest.raises(WorkspaceError, match=r"w\.db cannot be opened") as caught:
        Workspace.open(lived_in)
    assert isinstance(caught.value, StorageError) == is_of_disk
