"""The JSON answers of the built-in model."""

import json
import random
import re
from typing import Any

from selfinstruct.core.answer_schemas import CLASSIFICATION, INSTANCES, INSTRUCTIONS, NO, YES
from selfinstruct.core.language.registry import Language
from selfinstruct.core.offline.grammar import Grammar
from selfinstruct.core.offline.writer import NEW_TASKS, Writer

_JSON_LINE = re.compile(rf'^\{{"(?:{INSTRUCTIONS}|{INSTANCES})":', re.MULTILINE)
_JSON_LABEL = re.compile(rf'^[^\n{{]{{1,40}}[:：] ?\{{"{CLASSIFICATION}":', re.MULTILINE)
_OUTPUT_FIRST = re.compile(rf'^\{{"{INSTANCES}": \[\{{"output":', re.MULTILINE)


class JsonWriter(Writer):
    """Writes one answer in JSON."""

    def __init__(self, tongue: Language, grammar: Grammar, rng: random.Random) -> None:
        super().__init__(tongue, grammar, rng, chat=True)

    def _stage(self, prompt: str) -> str:
        if _JSON_LABEL.search(prompt):
            return "classify"
        return "output_first" if _OUTPUT_FIRST.search(prompt) else "input_first"

    def _proposals(self, prompt: str) -> tuple[str, bool]:
        shown, request = _shown_in(prompt)
        items = self._items(request, shown, NEW_TASKS)
        lines = ",\n".join(f"  {_dumped(item)}" for item in items)
        return self._maybe_cut(f'{{"{INSTRUCTIONS}": [\n{lines}\n]}}', _dumped(items[-1]), 0.12)

    def _label(self, instruction: str) -> str:
        label = YES if self._is_classification(instruction) else NO
        if self._chance(0.01):
            label = self._rng.choice(self._grammar.flaws["unclear_labels"])
        return _dumped({CLASSIFICATION: label})

    def _input_first(self, instruction: str) -> tuple[str, bool]:
        found = self._grammar.find(instruction)
        if found is None or not found[0].outputs:
            pairs = [("", self._fallback("outputs", instruction))]
        else:
            pairs = self._pairs(*found)
        instances = [{"input": given, "output": output} for given, output in pairs]
        return self._maybe_cut(_dumped({INSTANCES: instances}), _dumped(instances[-1]), 0.02)

    def _output_first(self, instruction: str) -> tuple[str, bool]:
        instances = [{"output": label, "input": given} for label, given in self._labelled(instruction)[0]]
        return self._maybe_cut(_dumped({INSTANCES: instances}), _dumped(instances[-1]), 0.02)

    def _maybe_cut(self, text: str, last: str, probability: float) -> tuple[str, bool]:
        """Return an answer, at times cut off in the middle of its last item; a whole one may be fenced."""
        if self._chance(probability):
            return text[: text.rindex(last) + len(last) // 2], True
        return (f"```json\n{text}\n```" if self._chance(0.06) else text), False


def asks_for_json(prompt: str) -> bool:
    """Whether a prompt shows answers in JSON."""
    return (_JSON_LINE.search(prompt) or _JSON_LABEL.search(prompt)) is not None


def _shown_in(prompt: str) -> tuple[list[str], str]:
    """The tasks that a propose prompt shows in JSON, and the prompt without them."""
    begin = _JSON_LINE.search(prompt)
    if begin is None:
        return [], prompt
    try:
        value, end = json.JSONDecoder().raw_decode(prompt, begin.start())
    except ValueError:
        return [], prompt
    return [str(text) for text in value[INSTRUCTIONS]], prompt[: begin.start()] + prompt[end:]


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
