"""The built-in model, called in this process."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from selfinstruct.core.endpoint.responses import Answer, read_answer
from selfinstruct.core.method.parsing import parse_proposals
from selfinstruct.core.method.prompts import PromptWriter, RenderedPrompt
from selfinstruct.core.offline.grammar import built_in
from selfinstruct.core.offline.transport import complete
from selfinstruct.db.records import ApiKind
from tests.core.method.test_prompts import SEEDS, SHOWN

GRAMMAR = built_in("en")

WRITERS: dict[ApiKind, PromptWriter] = {
    "chat": PromptWriter("chat", SEEDS, random.Random(0)),
    "completions": PromptWriter("completions", SEEDS, random.Random(0)),
}
PROPOSE = {api: writer.propose(SHOWN, classification_only=False) for api, writer in WRITERS.items()}

both_kinds = pytest.mark.parametrize("api", ["chat", "completions"])


def body_of(rendered: RenderedPrompt) -> dict[str, Any]:
    field = "prompt" if isinstance(rendered.prompt, str) else "messages"
    return {"model": "offline", field: rendered.prompt, **rendered.parameters}


def ask(rendered: RenderedPrompt, rng_seed: int = 0) -> Answer:
    document = complete(body_of(rendered), rng_seed)
    return read_answer(
        json.dumps(document).encode(), "completions" if "text" in document["choices"][0] else "chat"
    )


def proposals(rendered: RenderedPrompt, rng_seed: int = 0) -> list[str]:
    answer = ask(rendered, rng_seed)
    continues = isinstance(rendered.prompt, str)
    return parse_proposals(answer.text, cut=answer.cut, continues_item=continues)


def answers(rendered: RenderedPrompt, count: int) -> Iterator[Answer]:
    return (ask(rendered, rng_seed) for rng_seed in range(count))


def wordings(*, classification: bool, takes_input: bool = True) -> list[str]:
    """An instruction of each family of the grammar."""
    rng = random.Random(0)
    return [
        GRAMMAR.expand(family.instructions[0], rng, {})
        for family in GRAMMAR.families
        if family.classification == classification and (classification or takes_input == any(family.inputs))
    ]
