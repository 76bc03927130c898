"""A sentence names its settings as the place where it is read names them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import selfinstruct.core
from selfinstruct.core.errors import SettingsError
from selfinstruct.core.setting_names import as_fields, as_flags, flag_of, setting
from selfinstruct.core.settings.model import Settings

CORE = Path(selfinstruct.core.__file__).parent


def texts() -> Iterator[tuple[Path, str]]:
    """Every text of core that is no docstring: what may become a sentence."""
    for path in CORE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                yield path, node.value


def test_the_command_line_reads_flags_and_a_screen_or_a_program_reads_fields() -> None:
    sentence = f"Check {setting('model')} and {setting('api_key_env')}."
    assert as_flags(sentence) == "Check --model and --api-key-env."
    assert as_fields(sentence) == str(SettingsError(sentence)) == "Check model and api_key_env."


def test_flags_in_the_words_of_a_server_stay() -> None:
    theirs = "400: needs --enable-auto-tool-choice --model, not /root/models--model--llama"
    assert as_fields(theirs) == as_flags(theirs) == theirs


def test_no_sentence_of_core_writes_the_flag_of_a_setting_itself() -> None:
    flags = {flag_of(name) for name in Settings.model_fields}
    written = {
        (path.name, flag)
        for path, text in texts()
        for flag in flags
        if re.search(rf"(?<![\w-]){flag}(?![\w-])", text)
    }
    assert written == set()


def test_what_sentences_refer_to_are_settings() -> None:
    named = set()
    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setting":
                named |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    assert named
    assert named <= set(Settings.model_fields)
