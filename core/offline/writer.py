"""The text answers of the built-in model, in the formats of real models and with their mistakes."""

import random
import re
from dataclasses import dataclass

from selfinstruct.core.language.registry import Language
from selfinstruct.core.language.unicode_tokens import is_unspaced
from selfinstruct.core.offline.grammar import Family, Grammar, Slots

NEW_TASKS = 8
_NUMBERED_LINE = re.compile(r"^\s*(\d+)\.[ \t]*(.*)$", re.MULTILINE)


class Writer:
    """Writes one answer: its text, and whether it is truncated."""

    def __init__(self, tongue: Language, grammar: Grammar, rng: random.Random, *, chat: bool) -> None:
        names = tongue.answers
        self._task, self._input, self._output = names.task[0], names.input[0], names.output[0]
        self._class_label, self._example = names.label[0], names.example[0]
        self._yes, self._no = names.yes[0], names.no[0]
        self._colon = tongue.colon
        self._fields = _Fields.of(tongue)
        self._grammar = grammar
        self._rng = rng
        self._chat = chat

    def answer(self, prompt: str) -> tuple[str, bool]:
        """Answer a prompt of any stage."""
        tasks = self._fields.task.findall(prompt)
        if not tasks:
            return self._proposals(prompt)
        instruction = " ".join(tasks[-1].split())
        match self._stage(prompt):
            case "classify":
                return self._label(instruction), False
            case "output_first":
                return self._output_first(instruction)
            case _:
                return self._input_first(instruction)

    def _stage(self, prompt: str) -> str:
        """The kind of a prompt about a task."""
        if self._fields.question.search(prompt):
            return "classify"
        # An instance may itself have a line that begins like a label.
        first = self._fields.field.search(prompt)
        return "output_first" if first and first["label"] else "input_first"

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    # Propose

    def _proposals(self, prompt: str) -> tuple[str, bool]:
        lines = _NUMBERED_LINE.findall(prompt)
        shown = [text for _, text in lines if text.strip()]
        request = _NUMBERED_LINE.sub("", prompt)  # in-context instructions could match as well
        wanted = self._grammar.range.search(request)
        first = int(wanted[1]) if wanted else int(lines[-1][0]) if lines else 1
        count = int(wanted[2]) - first + 1 if wanted else NEW_TASKS
        items = self._items(request, shown, count)
        cut = self._chance(0.12)
        if cut:
            words, between = _pieces(items[-1])
            items[-1] = between.join(words[: max(1, len(words) // 2)])
        text = self._decorated(items, first) if self._chat else self._continued(items, first)
        if self._chat and not cut and self._chance(0.1):
            text += "\n\n" + self._rng.choice(self._grammar.flaws["closings"])
        return text, cut

    def _items(self, request: str, shown: list[str], count: int) -> list[str]:
        """Make up tasks; `request` is the prompt without those `shown` in it."""
        only_classification = self._grammar.only_classification.search(request) is not None
        return [self._item(shown, only_classification=only_classification) for _ in range(count)]

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
            name = f"**{self._task}{self._colon.rstrip()}**"
            lines = [f"{n} {name} {item}" for n, item in zip(number, items, strict=False)]
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
        if self._chance(0.01):
            return self._rng.choice(self._grammar.flaws["unclear_labels"])
        word = self._yes if self._is_classification(instruction) else self._no
        if not self._chat:
            return f" {word}"
        return self._rng.choice([word, word, f"{word}.", f"**{word}**"])

    def _is_classification(self, instruction: str) -> bool:
        found = self._grammar.find(instruction)
        looks_like_one = self._grammar.classification
        return (
            found[0].classification if found else bool(looks_like_one and looks_like_one.search(instruction))
        )

    # Instantiate

    def _input_first(self, instruction: str) -> tuple[str, bool]:
        found = self._grammar.find(instruction)
        if found is None or not found[0].outputs:
            return f"{self._output}{self._colon}{self._fallback('outputs', instruction)}", False
        family, slots = found
        pairs = self._pairs(family, slots)
        cut = self._chance(0.02)
        if cut:
            given, output = pairs[-1]
            pairs[-1] = (given, output[: max(1, len(output) // 2)])
        fields = f"{self._input}{self._colon}", f"{self._output}{self._colon}"
        if self._chat and self._chance(0.1):
            fields = f"**{fields[0].rstrip()}** ", f"**{fields[1].rstrip()}** "
        return "\n".join(self._written(n, pair, fields) for n, pair in enumerate(pairs, start=1)), cut

    def _written(self, number: int, pair: tuple[str, str], fields: tuple[str, str]) -> str:
        given, output = pair
        if not given:
            return f"{fields[1]}{output}"
        return f"{self._example} {number}\n{fields[0]}{given}\n{fields[1]}{output}"

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
        elif self._chance(0.01):
            pairs[-1] = (given, self._grammar.flaws["unfinished"][0])
        return pairs

    def _output_first(self, instruction: str) -> tuple[str, bool]:
        labelled, is_fallback = self._labelled(instruction)
        lines = []
        for label, given in labelled:
            lines += [f"{self._class_label}{self._colon}{label}", f"{self._input}{self._colon}{given}"]
        if is_fallback:
            return "\n".join(lines), False
        cut = self._chance(0.02)
        if cut:
            lines[-1] = lines[-1][: max(8, len(lines[-1]) // 2)]
        return "\n".join(lines), cut

    def _labelled(self, instruction: str) -> tuple[list[tuple[str, str]], bool]:
        """Make up a label and an input for each label; also returns whether the task is unknown."""
        found = self._grammar.find(instruction)
        if found is None or not found[0].labels:
            label, given = self._fallback("labels", instruction), self._fallback("inputs", instruction)
            return [(label, given)], True
        family, slots = found
        labelled = []
        for label, templates in family.labels.items():
            given = self._grammar.expand(self._rng.choice(templates), self._rng, dict(slots))
            labelled.append((label, given))
        return labelled, False

    def _fallback(self, kind: str, instruction: str) -> str:
        template = self._rng.choice(self._grammar.fallback[kind])
        return template.replace("{instruction}", instruction)


@dataclass(frozen=True, slots=True)
class _Fields:
    """Patterns that identify the parts of a prompt by the field names of a language, or the English ones."""

    task: "re.Pattern[str]"
    field: "re.Pattern[str]"
    question: "re.Pattern[str]"

    @classmethod
    def of(cls, tongue: Language) -> "_Fields":
        names = tongue.answers
        return cls(
            re.compile(rf"^(?:{_any_of(names.task)})[:：][ \t]*(.+)$", re.MULTILINE),
            re.compile(
                rf"^(?:(?P<label>{_any_of(names.label)})|{_any_of((*names.input, *names.output))})[:：]",
                re.MULTILINE,
            ),
            re.compile(
                rf"^(?:{_any_of(names.question)}|classification)[^\n]*[:：?]\s*\Z",
                re.IGNORECASE | re.MULTILINE,
            ),
        )


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, names))


def _pieces(text: str) -> tuple[list[str], str]:
    """Split a text into words and their separator; into characters if its script has no spaces."""
    return (list(text), "") if any(map(is_unspaced, text)) else (text.split(), " ")
