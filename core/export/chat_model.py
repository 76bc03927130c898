"""The chat template and the tokenizer of a model in a local folder, through the package transformers.

Nothing is downloaded, and no code of the model is run.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.model_check import Message, TemplateRefusedError

_NO_LIMIT = 10**9
"""Tokens; a tokenizer without a maximum length names a number above this."""
_LONGEST = 200
"""Characters of a message of a library."""


class FolderModel:
    """A model in a folder; see `core.export.model_check.ChatModel`.

    Args:
        folder: The folder that holds its tokenizer.

    Raises:
        ExportError: There is no such folder, it holds no tokenizer or no chat template, or the package
            transformers is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        if not folder.is_dir():
            raise ExportError(f"{folder} is not a folder. Give the folder that holds the model's tokenizer.")
        self._tokenizer = _load(folder)
        if not self._tokenizer.chat_template:
            raise ExportError(
                f"The tokenizer in {folder} has no chat template, so rows cannot be checked with it. Give the"
                " folder of a chat model."
            )

    @property
    def max_length(self) -> int | None:
        """As `model_max_length` of the tokenizer says."""
        length = self._tokenizer.model_max_length
        return int(length) if length < _NO_LIMIT else None

    def render(self, messages: Sequence[Message]) -> tuple[str, str]:
        """As of `ChatModel`."""
        apply = self._tokenizer.apply_chat_template
        conversation = [dict(message) for message in messages]
        try:
            prompt = apply(conversation[:-1], tokenize=False, add_generation_prompt=True)
            return prompt, apply(conversation, tokenize=False)
        except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise TemplateRefusedError(_one_line(error)) from error

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """As of `ChatModel`."""
        if not texts:
            return []
        tokens: list[list[int]] = self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return tokens

    def holds_text(self, tokens: Sequence[int]) -> bool:
        """As of `ChatModel`."""
        return bool(self._tokenizer.decode(list(tokens), skip_special_tokens=True).strip())


def _load(folder: Path) -> Any:
    # Without this, it says at length that there is no PyTorch, which is not needed here.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    try:
        import transformers  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise ExportError(
            "Checking rows with a model's tokenizer needs the package transformers. Install it from a clone:"
            " pip install '.[model]'"
        ) from error
    transformers.logging.set_verbosity_error()
    try:
        return transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise ExportError(f"The tokenizer in {folder} cannot be read: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    told = " ".join(str(error).split())
    return f"{told[:_LONGEST]}…" if len(told) > _LONGEST else told or type(error).__name__
