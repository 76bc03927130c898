"""Answers in the JSON that prompts ask for, as models decorate, break and continue it, in each language."""

import json
from collections.abc import Iterator
from typing import Any

from benchmarks.reading_forms import Case, words
from selfinstruct.core.answer_schemas import CLASSIFICATION, INSTANCES, INSTRUCTIONS, NO, YES
from selfinstruct.core.language.registry import language


def json_cases(code: str) -> Iterator[Case]:
    """The answers to all prompts, in one language."""
    own, names = words(code), language(code).answers
    tasks = [task[1] for task in own["tasks"]]
    rows = [(given, output) for given, output in own["rows"]]
    labelled = [(given, label) for given, label in own["labelled"]]
    before = [f"{own['greeting']} ", f"{names.output[0]}: ", f"{own['answer']}: ", "JSON: ", "- ", "1. ", "`"]
    yield from _lists(code, tasks, before)
    yield from _labels(code, [*before, f"{names.question[0]}: ", f"**{names.question[0]}：** "])
    for stage, pairs, bare in (
        ("input_first", rows, f"{names.output[0]}: {rows[0][1]}"),
        ("output_first", labelled, f"{names.label[0]}: {labelled[0][1]}\n{names.input[0]}: {labelled[0][0]}"),
    ):
        order = ("output", "input") if stage == "output_first" else ("input", "output")
        objects = [{name: pair[name == "output"] for name in order} for pair in pairs]
        text = _dumped({INSTANCES: objects})
        wanted = [("", rows[0][1])] if stage == "input_first" else labelled[:1]
        other = f"{names.task[0]}: {tasks[0]}\n"

        def case(kind: str, text: str, wanted: Any, reason: str | None = None, stage: Any = stage) -> Case:
            return Case(kind, stage, code, text, list(wanted), reason=reason)

        for words_before in before:
            yield case("JSON in a line", words_before + text, pairs)
        yield case("JSON in a line", f"{other}{text}", pairs)
        yield case("other task", f"{bare}\n\n{other}{text}", wanted)
        yield case("other task", f"{tasks[0]}\n\n{other}{text}", [], "unreadable")
        yield case("other task", f"{tasks[0]}\n\n{other}{_dumped(objects)}", [], "unreadable")
        more = [{**objects[0], "context": tasks[0]}, *objects[1:]]
        yield case("JSON members", _dumped({INSTANCES: more}), pairs[1:], "unreadable")
        remarks = [{**one, "explanation": tasks[0], "id": 7} for one in objects]
        yield case("JSON members", _dumped({INSTANCES: remarks}), pairs)
        yield case("broken JSON", f'{text[:-3]} "x" }}]}}', pairs[:-1], "unreadable")
        for quote in ("'", '\\"'):
            yield case("broken JSON", f"{names.output[0]}: {text.replace(chr(34), quote)}", [], "unreadable")
    indented = ("x", "    return x\n    # y")
    text = _dumped({INSTANCES: [{"input": indented[0], "output": f"\n{indented[1]}\n"}]})
    yield Case("JSON texts", "input_first", code, text, [indented])


def _lists(code: str, tasks: list[str], before: list[str]) -> Iterator[Case]:
    def case(kind: str, text: str, wanted: list[str] = tasks) -> Case:
        return Case(kind, "list", code, text, wanted)

    text = _dumped({INSTRUCTIONS: tasks})
    for words_before in before:
        yield case("JSON in a line", words_before + text)
    yield case(
        "JSON in a line", "\n".join(f"{n}. {_dumped({'task': task})}" for n, task in enumerate(tasks, 9))
    )
    quoting = [f'{task[:-1]} "JSON"{task[-1]}' for task in tasks]
    lines = ",\n".join(f'  "{task}"' for task in quoting)
    yield case("broken JSON", f'{{"{INSTRUCTIONS}": [\n{lines}\n]}}', quoting)
    listed = ", ".join(f'"{task}"' for task in (tasks[0], *quoting[1:]))
    yield case("broken JSON", f'{{"{INSTRUCTIONS}": [{listed}]}}', tasks[:1])


def _labels(code: str, before: list[str]) -> Iterator[Case]:
    names = language(code).answers
    other = f"{names.task[0]}: x\n"
    for said, label, opposite in ((YES, "classification", NO), (NO, "generation", YES)):
        text = _dumped({CLASSIFICATION: said})
        for words_before in before:
            yield Case("JSON in a line", "label", code, words_before + text, label)
            yield Case("broken JSON", "label", code, words_before + text.replace('"', "'"), label)
            yield Case("broken JSON", "label", code, words_before + text[: text.index(said) + 1], "unknown")
        yield Case("JSON in a line", "label", code, other + text, label)
        bare = (names.yes if said == YES else names.no)[0]
        after = _dumped({CLASSIFICATION: opposite})
        yield Case("other task", "label", code, f"{bare}\n\n{other}{after}", label)
        yield Case("other task", "label", code, f"{names.question[0]}: {bare}\n\n{other}{after}", label)
    yield Case("JSON members", "label", code, _dumped({CLASSIFICATION: [YES, NO]}), "unknown")
    yield Case("JSON members", "label", code, _dumped({CLASSIFICATION: [NO, NO]}), "generation")


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
