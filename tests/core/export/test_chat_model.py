"""A model's own template and tokenizer are read from its folder, and every fault of it is one sentence."""

import contextlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.chat_model import FolderModel
from selfinstruct.core.export.model_check import check_rows

CHATML = (
    "{% for message in messages %}"
    "{% if message.role == 'tool' %}{{ raise_exception('unknown role') }}{% endif %}"
    "{{ '<|start|>' + message.role + '\\n' + message.content + '<|end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant\\n' }}{% endif %}"
)

needs_transformers = [
    pytest.mark.consumers,
    pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="needs the extra model"),
    pytest.mark.filterwarnings("ignore"),
]


def a_model(folder: Path, *, template: str | None = CHATML, **config: Any) -> Path:
    """A tokenizer of single characters, stored as models are."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

    characters = {chr(code): code for code in range(128)}
    tokenizer = Tokenizer(models.WordLevel(characters, unk_token="\x00"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in ("<|start|>", "<|end|>")])
    # Many tokenizers frame a text by themselves, though templates do that already.
    framed = [("<|end|>", tokenizer.token_to_id("<|end|>"))]
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <|end|>", special_tokens=framed)
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    told = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", **config}
    if template is not None:
        told["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    return folder


def row(asked: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]


class TestWithTransformers:
    pytestmark = needs_transformers

    def test_the_trained_tokens_are_those_of_the_answer_and_its_end(self, tmp_path: Path) -> None:
        model = FolderModel(a_model(tmp_path / "m"))
        prompt, whole = model.render(row("Name a river.", "The Po."))
        assert prompt == "<|start|>user\nName a river.<|end|>\n<|start|>assistant\n"
        assert whole == f"{prompt}The Po.<|end|>\n"
        found = check_rows([row("Name a river.", "The Po.")], model)
        (tokens,) = model.tokenize([whole])
        assert found.tokens == len(tokens) == len("user\nName a river.\nassistant\nThe Po.\n") + 4
        assert found.trained_tokens == len("The Po.") + len(["<|end|>", "\n"])
        assert (found.max_length, found.refusal, found.misaligned) == (None, None, ())

    def test_an_empty_answer_and_one_beyond_the_length_are_refused(self, tmp_path: Path) -> None:
        model = FolderModel(a_model(tmp_path / "m", model_max_length=60))
        found = check_rows([row("Q", ""), row("Q", "A"), row("Q" * 100, "A"), row("Q", "A" * 100)], model)
        assert found.max_length == 60
        assert [(one.number, one.fault) for one in found.untrained] == [(1, "empty"), (3, "cut")]
        assert found.too_long == (3, 4)

    def test_what_a_template_raises_is_told(self, tmp_path: Path) -> None:
        model = FolderModel(a_model(tmp_path / "m"))
        found = check_rows([[{"role": "tool", "content": "x"}, *row("Q", "A")]], model)
        assert found.untrained[0].detail == "unknown role"

    def test_a_template_that_drops_the_answer_trains_nothing(self, tmp_path: Path) -> None:
        drops = "{% for one in messages if one.role == 'user' %}{{ one.content }}{% endfor %}"
        found = check_rows([row("Q", "A")], FolderModel(a_model(tmp_path / "m", template=drops)))
        assert found.untrained[0].fault == "empty"

    def test_a_template_that_rewrites_the_prompt_is_told(self, tmp_path: Path) -> None:
        thinks = CHATML.replace("assistant\\n' }}{% endif", "assistant\\n<think>' }}{% endif")
        found = check_rows([row("Q", "A")], FolderModel(a_model(tmp_path / "m", template=thinks)))
        assert found.misaligned == (1,)

    def test_a_tokenizer_without_a_template_is_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(ExportError, match="has no chat template"):
            FolderModel(a_model(tmp_path / "m", template=None))

    @pytest.mark.parametrize("content", [None, "", "{", "[]", '{"model": 7}'])
    def test_a_folder_without_a_whole_tokenizer_is_one_sentence(
        self, tmp_path: Path, content: str | None
    ) -> None:
        if content is not None:
            (tmp_path / "tokenizer.json").write_text(content)
            (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
        with pytest.raises(ExportError, match="cannot be read") as caught:
            FolderModel(tmp_path)
        assert "\n" not in str(caught.value)

    def test_code_of_a_model_is_not_run(self, tmp_path: Path) -> None:
        auto_map = {"AutoTokenizer": [None, "evil.Tokenizer"]}
        folder = a_model(tmp_path / "m", tokenizer_class="EvilTokenizer", auto_map=auto_map)
        (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
        with contextlib.suppress(ExportError):
            FolderModel(folder)
        assert not (tmp_path / "ran").exists()


def test_a_name_that_is_no_folder_is_never_looked_for_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(
        ExportError, match="is not a folder. Give the folder that holds the model's tokenizer"
    ):
        FolderModel(tmp_path / "org" / "model")


def test_without_the_package_the_sentence_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ExportError, match=r"pip install '\.\[model\]'"):
        FolderModel(tmp_path)
