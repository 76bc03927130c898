"""The built-in model: a grammar, not a language model, behind a transport for the openai client.

It parses the prompt, answers in the formats of real models, and makes their mistakes: near-duplicates,
forbidden keywords, chatter, decoration, truncated answers, unclear labels. Answers are deterministic for a
seed and a request.
"""

import hashlib
import json
import random
import re
from dataclasses import dataclass
from typing import Any

import httpx2

from selfinstruct.core.language.registry import ENGLISH, Language, language
from selfinstruct.core.language.unicode_tokens import is_unspaced
from selfinstruct.core.offline.grammar import Family, Grammar, Slots, built_in

_NUMBERED_LINE = re.compile(r"^\s*(\d+)\.[ \t]*(.*)$", re.MULTILINE)
_NEW_TASKS = 8


class OfflineTransport(httpx2.AsyncBaseTransport):
    """An HTTP transport that answers from the grammar of a language, without a network."""

    def __init__(self, rng_seed: int, code: str) -> None:
        self._rng_seed = rng_seed
        self._code = code

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a chat, legacy completions or embeddings request."""
        body = json.loads(await request.aread())
        if request.url.path.endswith("/embeddings"):
            from selfinstruct.core.offline.embeddings import embed  # noqa: PLC0415 - rarely used

            answer = embed(body)
        else:
            answer = complete(body, self._rng_seed, self._code)
        return httpx2.Response(200, json=answer, request=request)


def complete(body: dict[str, Any], rng_seed: int, code: str = ENGLISH) -> dict[str, Any]:
    """The response to the JSON body of a completions request, as from an OpenAI-compatible server."""
    chat = "messages" in body
    prompt = body["messages"][-1]["content"] if chat else body["prompt"]
    digest = hashlib.sha256(json.dumps([rng_seed, body], sort_keys=True).encode()).digest()
    writer = _Writer(language(code), built_in(code), random.Random(digest), chat=chat)
    text, cut = writer.answer(prompt)
    finish = "length" if cut else "stop"
    prompt_tokens, completion_tokens = _count_tokens(prompt), _count_tokens(text)
    choice: dict[str, Any] = {"index": 0, "finish_reason": finish, "logprobs": None}
    choice |= {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    return {
        "id": f"offline-{digest.hex()[:12]}",
        "object": "chat.completion" if chat else "text_completion",
        "created": 0,
        "model": "offline",
        "choices": [choice],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _count_tokens(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


class _Writer:
    """Writes one answer: its text, and whether it is truncated."""

    def __init__(self, tongue: Language, grammar: Grammar, rng: random.Random, *, chat: bool) -> None:
        names = tongue.answers
        self._task, self._input, self._output = names.task[0], names.input[0], names.output[0]
        self._class_label, self._example = names.label[0], names.example[0]
        self._yes, self._no = names.yes[0], names.no[0]
        self._fields = _Fields.of(tongue)
        self._grammar = grammar
        self._rng = rng
        self._chat = chat

    def answer(self, prompt: str) -> tuple[str, bool]:
        tasks = self._fields.task.findall(prompt)
        if not tasks:
            return self._proposals(prompt)
        instruction = " ".join(tasks[-1].split())
        if self._fields.question.search(prompt):
            return self._label(instruction), False
        if self._fields.label.search(prompt):
            return self._output_first(instruction)
        return self._input_first(instruction)

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    # Propose

    def _proposals(self, prompt: str) -> tuple[str, bool]:
        lines = _NUMBERED_LINE.findall(prompt)
        shown = [text for _, text in lines if text.strip()]
        request = _NUMBERED_LINE.sub("", prompt)  # in-context instructions could match as well
        wanted = self._grammar.range.search(request)
        first = int(wanted[1]) if wanted else int(lines[-1][0]) if lines else 1
        count = int(wanted[2]) - first + 1 if wanted else _NEW_TASKS
        only_classification = self._grammar.only_classification.search(request) is not None
        items = [self._item(shown, only_classification=only_classification) for _ in range(count)]
        cut = self._chance(0.12)
        if cut:
            words, between = _pieces(items[-1])
            items[-1] = between.join(words[: max(1, len(words) // 2)])
        text = self._decorated(items, first) if self._chat else self._continued(items, first)
        if self._chat and not cut and self._chance(0.1):
            text += "\n\n" + self._rng.choice(self._grammar.flaws["closings"])
        return text, cut

    def _item(self, shown: list[str], *, only_classification: bool) -> str:
        flaws, rng = self._grammar.flaws, self._rng
        lot = rng.random()
        if lot < 0.08 and shown:
            return self._near_duplicate(rng.choice(shown))
        if lot < 0.13:
            return self._grammar.expand(rng.choice(flaws["keyword"]), rng, {})
        if lot < 0.16:
            return rng.choice(flaws["too_short"])
        if lot < 0.18:
            return self._grammar.expand(rng.choice(flaws["program"]), rng, {})
        families = self._grammar.families
        if only_classification:
            families = tuple(family for family in families if family.classification)
        item = self._grammar.expand(rng.choice(rng.choice(families).instructions), rng, {})
        return f"({item})" if lot > 0.99 else item

    def _near_duplicate(self, instruction: str) -> str:
        """Return an in-context instruction with one word changed, as models write when they run dry."""
        words, between = _pieces(instruction)
        position = self._rng.randrange(1, len(words)) if len(words) > 1 else 0
        words[position] = self._rng.choice(self._grammar.flaws["changed"])
        return between.join(words)

    def _continued(self, items: list[str], first: int) -> str:
        """Format the list as a base model's continuation of "9."."""
        rest = [f"{number}. {item}" for number, item in enumerate(items[1:], start=first + 1)]
        return " " + "\n".join([items[0], *rest])

    def _decorated(self, items: list[str], first: int) -> str:
        """Format the list with the decoration of a chat model."""
        if self._chance(0.06):
            first = 1
        lot = self._rng.random()
        number = (f"{n}." for n in range(first, first + len(items)))
        if lot < 0.14:
            lines = [f"**{n}** {item}" for n, item in zip(number, items, strict=False)]
        elif lot < 0.2:
            lines = [f"- {item}" for item in items]
        elif lot < 0.26:
            lines = [f"{n} **{self._task}:** {item}" for n, item in zip(number, items, strict=False)]
        else:
            lines = [f"{n} {item}" for n, item in zip(number, items, strict=False)]
        text = ("\n\n" if self._chance(0.2) else "\n").join(lines)
        if self._chance(0.06):
            text = f"```\n{text}\n```"
        if self._chance(0.2):
            text = f"{self._rng.choice(self._grammar.flaws['preambles'])}\n\n{text}"
        return text

    # Classify

    def _label(self, instruction: str) -> str:
        if self._chance(0.02):
            return self._rng.choice(self._grammar.flaws["unclear_labels"])
        found = self._grammar.find(instruction)
        looks_like_one = self._grammar.classification
        is_one = (
            found[0].classification if found else bool(looks_like_one and looks_like_one.search(instruction))
        )
        word = self._yes if is_one else self._no
        if not self._chat:
            return f" {word}"
        return self._rng.choice([word, word, f"{word}.", f"**{word}**"])

    # Instantiate

    def _input_first(self, instruction: str) -> tuple[str, bool]:
        found = self._grammar.find(instruction)
        if found is None or not found[0].outputs:
            return f"{self._output}: {self._fallback('outputs', instruction)}", False
        family, slots = found
        pairs = self._pairs(family, slots)
        cut = self._chance(0.04)
        if cut:
            given, output = pairs[-1]
            pairs[-1] = (given, output[: max(1, len(output) // 2)])
        fields = f"{self._input}:", f"{self._output}:"
        if self._chat and self._chance(0.1):
            fields = f"**{fields[0]}**", f"**{fields[1]}**"
        return "\n".join(self._written(n, pair, fields) for n, pair in enumerate(pairs, start=1)), cut

    def _written(self, number: int, pair: tuple[str, str], fields: tuple[str, str]) -> str:
        given, output = pair
        if not given:
            return f"{fields[1]} {output}"
        return f"{self._example} {number}\n{fields[0]} {given}\n{fields[1]} {output}"

    def _pairs(self, family: Family, slots: Slots) -> list[tuple[str, str]]:
        takes_input = any(family.inputs)
        answered = {}
        for _ in range(self._rng.randint(1, 3) if takes_input else 1):
            own = dict(slots)
            given = self._grammar.expand(self._rng.choice(family.inputs), self._rng, own)
            answered[given] = self._grammar.expand(self._rng.choice(family.outputs), self._rng, own)
        pairs = list(answered.items())
        given, output = pairs[-1]
        if takes_input and self._chance(0.03):
            other = self._grammar.expand(self._rng.choice(family.outputs), self._rng, dict(slots))
            pairs.append((given, other))
        elif takes_input and self._chance(0.03):
            pairs.append((given, output))
        elif takes_input and self._chance(0.02):
            pairs[-1] = (given, given)
        elif self._chance(0.02):
            pairs[-1] = (given, self._grammar.flaws["unfinished"][0])
        return pairs

    def _output_first(self, instruction: str) -> tuple[str, bool]:
        found = self._grammar.find(instruction)
        if found is None or not found[0].labels:
            label, given = self._fallback("labels", instruction), self._fallback("inputs", instruction)
            return f"{self._class_label}: {label}\n{self._input}: {given}", False
        family, slots = found
        lines = []
        for label, templates in family.labels.items():
            given = self._grammar.expand(self._rng.choice(templates), self._rng, dict(slots))
            lines += [f"{self._class_label}: {label}", f"{self._input}: {given}"]
        cut = self._chance(0.03)
        if cut:
            lines[-1] = lines[-1][: max(8, len(lines[-1]) // 2)]
        return "\n".join(lines), cut

    def _fallback(self, kind: str, instruction: str) -> str:
        template = self._rng.choice(self._grammar.fallback[kind])
        return template.replace("{instruction}", instruction)


@dataclass(frozen=True, slots=True)
class _Fields:
    """Patterns that identify the parts of a prompt by the field names of a language, or the English ones."""

    task: "re.Pattern[str]"
    label: "re.Pattern[str]"
    question: "re.Pattern[str]"

    @classmethod
    def of(cls, tongue: Language) -> "_Fields":
        names = tongue.answers
        return cls(
            re.compile(rf"^(?:{_any_of(names.task)}):[ \t]*(.+)$", re.MULTILINE),
            re.compile(rf"^(?:{_any_of(names.label)}):", re.MULTILINE),
            re.compile(
                rf"^(?:{_any_of(names.question)}|classification)[^\n]*[:?]\s*\Z", re.IGNORECASE | re.MULTILINE
            ),
        )


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, names))


def _pieces(text: str) -> tuple[list[str], str]:
    """Split a text into words and their separator; into characters if its script has no spaces."""
    return (list(text), "") if any(map(is_unspaced, text)) else (text.split(), " ")
