"""Fixtures: a workspace with rows of every kind, and a tiny random model with a tokenizer of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.db.records import Conversation, NewInstance, Standing, Turn
from selfinstruct.db.workspace import Workspace

CONSUMERS = [
    pytest.mark.consumers,
    pytest.mark.usefixtures("no_network"),
    # They warn of what they call themselves.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
"""The marks of every test here."""

ROWS = (
    ("Name a river in the country.", "Kenya", "the Tana"),
    ("Name a river in the country.", "Spain", "the Ebro"),
    ("Write a haiku.", "", "Late rain on tin roofs\nthe dog turns around three times\nand forgets the door"),
    ("Say it in 日本語.", 'Good "morning"\u2028now', "おはよう 🌅\r\n"),
    *((f"Add one to {number}.", "", str(number + 1)) for number in range(12)),
)
TALKS = (
    (
        "Name a tree.",
        "",
        "Then take the ash.",
        Conversation("Answer in one sentence.", (Turn("assistant", "Oak."), Turn("user", "Not an oak."))),
    ),
    ("Name a bird.", "a small one", "wren", Conversation("You are brief.")),
)
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def _fill(workspace: Workspace, *, with_talks: bool) -> None:
    rows = [(*row, None) for row in ROWS]
    with workspace.transaction():
        for step, (instruction, given, output, talk) in enumerate(
            [*rows, *(TALKS if with_talks else ())], start=1
        ):
            task_id = workspace.tasks.add(instruction, origin="model", at="now", label="generation")
            before, after = (Standing(state, instruction, "generation") for state in ("pending", "accepted"))
            workspace.decisions.add(
                task_id, "accept", step=step, who="human", at="now", before=before, after=after
            )
            made = [NewInstance(given, output, conversation=talk)]
            workspace.instances.add(task_id, instruction, "generation", made, request_id=None)


@pytest.fixture
def questions(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace in which each row is one question with one answer."""
    with Workspace.open(tmp_path / "questions.db", create=True) as opened:
        _fill(opened, with_talks=False)
        yield opened


@pytest.fixture
def talks(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with conversations of several turns and with system prompts as well."""
    with Workspace.open(tmp_path / "talks.db", create=True) as opened:
        _fill(opened, with_talks=True)
        yield opened


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever these libraries keep is kept in the test's folder, and nothing is fetched."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "error")


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """A tokenizer with a token for each byte, and for each mark of the chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(alphabet)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|end|>", pad_token="<|pad|>")
    made.add_special_tokens(
        {"additional_special_tokens": ["<|system|>", "<|user|>", "<|assistant|>"]},
    )
    made.chat_template = TEMPLATE
    return made


@pytest.fixture
def model(tokenizer: Any) -> Any:
    """A random model of two layers."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=1024,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )
