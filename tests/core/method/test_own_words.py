"""`[words]`: answers in a language without a folder are read by the words that the user names."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.method.parsing import parse_input_first, parse_label, parse_output_first
from selfinstruct.core.method.vocabulary import NO_OWN_NAMES
from selfinstruct.core.settings.sources import read_file, remembered, resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.exit_codes import Exit
from selfinstruct.tui.commands.selfinstruct_tui import app
from tests.conftest import OpenEngine
from tests.core.endpoint.test_client import on
from tests.server import Fault, ModelServer

RUSSIAN = {
    "yes": ["да"],
    "no": ["нет"],
    "task": ["Задание"],
    "input": ["Вход"],
    "output": ["Ответ:"],
    "label": ["Класс"],
    "example": ["Пример"],
    "no_input": ["нет входных данных"],
}
OWN = NO_OWN_NAMES.with_words(resolve({"words": RUSSIAN}).words.model_dump())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Да", "classification"),
        ("**да**, это задача классификации", "classification"),
        ("Нет.", "generation"),
        ("Yes", "classification"),
        ("Данные неполны.", "unknown"),
    ],
)
def test_yes_and_no_are_known_in_the_words_of_the_user(text: str, label: str) -> None:
    assert parse_label(text, "other", own=OWN) == label


def test_fields_and_headings_are_known_in_the_words_of_the_user() -> None:
    text = (
        "Пример 1\nВход: 2 и 3\nОтвет: 5\n\nПример 2\nВход: 4 и 4\nОтвет: 8\n\n"
        "Пример 3\nВход: нет входных данных\nОтвет: 0"
    )
    rows = [(one.input, one.output) for one in parse_input_first(text, "other", own=OWN)]
    assert rows == [("2 и 3", "5"), ("4 и 4", "8"), ("", "0")]
    labelled = parse_output_first(
        "Класс: добрый\nВход: Спасибо!\n\nКласс: злой\nВход: Уйди!", "other", own=OWN
    )
    assert [(one.input, one.output) for one in labelled] == [("Спасибо!", "добрый"), ("Уйди!", "злой")]


def test_without_them_no_row_is_made_up_of_unknown_words() -> None:
    kept = [
        one
        for one in parse_input_first("Вход: 2 и 3\nОтвет: 5\n\nВход: 4 и 4\nОтвет: 8", "other")
        if one.output in {"5", "8"}
    ]
    assert kept == []


def test_an_empty_input_may_be_named_with_brackets() -> None:
    own = NO_OWN_NAMES.with_words({"no_input": ["ничего (пусто)", "(нет)"]})
    for none in ("ничего (пусто)", "*Ничего (пусто).*", "(нет)"):
        (one,) = parse_input_first(f"Input: {none}\nOutput: 5", "other", own=own)
        assert (one.input, one.output) == ("", "5")


def test_a_word_of_the_user_means_what_the_user_says() -> None:
    own = NO_OWN_NAMES.with_words({"yes": ["No"], "no": ["Yes", "ne"]})
    assert parse_label("No.", "other", own=own) == "classification"
    assert parse_label("Yes.", "other", own=own) == "generation"


async def test_a_workspace_reads_answers_by_them(engine_on: OpenEngine, server: ModelServer) -> None:
    message = {"role": "assistant", "content": "Нет, задача открытая."}
    answer = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
    async with engine_on(**on(server, words=RUSSIAN, answers="text")) as engine:
        task_ids = await engine.propose()
        server.faults.append(Fault(body=answer))
        await engine.classify(task_ids[:1])
        assert engine.workspace.tasks.get(task_ids[0]).label == "generation"


def test_a_wrong_word_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "selfinstruct.toml"
    path.write_text('[words]\nyess = ["да"]\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"'words\.yess' is not a setting\. Did you mean 'yes'\?"):
        read_file(path)
    path.write_text('[words]\nyes = "да"\n', encoding="utf-8")
    with pytest.raises(
        SettingsError, match=r'words\.yes is wrong: it must be a list, as in \["one", "two"\]'
    ):
        read_file(path)
    path.write_text('[words]\nyes = ["—"]\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"words\.yes is wrong: each entry needs a letter or a digit"):
        read_file(path)


def test_a_word_with_two_meanings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "selfinstruct.toml"
    for one, other in (("yes", "no"), ("task", "input"), ("input", "output"), ("input", "label")):
        path.write_text(f'[words]\n{one} = ["а", "Да"]\n{other} = ["да"]\n', encoding="utf-8")
        sentence = f"words is wrong: 'Да' is in both {one} and {other}; remove it from one of them"
        with pytest.raises(SettingsError, match=sentence):
            resolve(read_file(path))
    path.write_text('[words]\noutput = ["Ответ"]\nlabel = ["Ответ"]\n', encoding="utf-8")
    assert resolve(read_file(path)).words.label == ("Ответ",)


def test_the_words_are_remembered_by_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("selfinstruct.toml").write_text('[words]\nyes = ["да"]\n', encoding="utf-8")
    given = ["--auto", "--db", "w.db", "--model", "offline", "--max-requests", "1"]
    assert CliRunner().invoke(app, given).exit_code == Exit.LIMIT
    Path("selfinstruct.toml").unlink()
    with Workspace.open(Path("w.db")) as workspace:
        stored = workspace.settings.read()
    assert resolve({}, stored=remembered(stored, Path("w.db"))).words.yes == ("да",)
