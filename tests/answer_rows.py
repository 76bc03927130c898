"""What models write otherwise than asked, and what is kept of it, one row each (see `fault_rows`)."""

import json
from collections.abc import Iterator

from tests.fault_rows import GOOD, TEXT, Row, choices, said
from tests.faulty import answer
from tests.gateway_rows import streamed

TASKS = ("Name three rivers of Europe.", "Explain why the sky is blue.")
PAIR = ("a red apple", "fruit")
LIMIT = {"finish_reason": "length"}
FENCED = """Read a number and square it.

```python
n = int(input())
print(n * n)

# Example 1
# Input: 5
# Output: 25
```

A sample run:

```
Input: 6
Output: 36
```

Negative numbers work, too."""


def about_instances(name: str, text: str, *rows: tuple[str, str]) -> Row:
    """An answer about the instances of a task, and what is kept of it."""
    return Row(f"instances: {name}", (answer(said(text)),), "parsed", rows=rows)


def _marks_of_templates() -> Iterator[Row]:
    for mark in (
        "<|im_end|>",
        "</s>",
        "<|eot_id|>",
        "<end_of_turn>",
        "<|im_end|>\n<|im_start|>user\n11. More",
    ):
        yield Row(f"tasks, then {mark!r}", (answer(said(TEXT + mark)),), "parsed", tasks=TASKS)
        yield about_instances(f"one, then {mark!r}", f"Output: fruit{mark}", ("", "fruit"))


def _structure() -> Iterator[Row]:
    yield about_instances("fields inside fences", f"Output: {FENCED}", ("", FENCED))
    for name, text in (
        ("JSON", json.dumps({"input": PAIR[0], "output": PAIR[1]})),
        ("fenced JSON", "```json\n" + json.dumps([{"input": PAIR[0], "output": PAIR[1]}]) + "\n```"),
        ("italic names", "*Input:* a red apple\n*Output:* fruit"),
        ("names in lower case", "input: a red apple\noutput: fruit"),
        ("a table", "| Input | Output |\n|---|---|\n| a red apple | fruit |"),
        ("names with a word before them", "Sample Input: a red apple\nSample Output: fruit"),
        ("XML", "<input>a red apple</input>\n<output>fruit</output>"),
    ):
        yield about_instances(name, text, PAIR)


def _placeholders() -> Iterator[Row]:
    for text in (
        *("N/A", "None", "<nooutput>", "...", "[insert answer here]", "[A poem about apples]"),
        "I'm sorry, but as an AI language model I cannot do that.",
    ):
        yield about_instances(f"nothing but {text!r}", f"Output: {text}")
    none = ("Which are prime? 4, 6", "None")
    yield about_instances("None, of an input", f"Input: {none[0]}\nOutput: {none[1]}", none)


def _thoughts() -> Iterator[Row]:
    weighed = "1. Weigh the rivers.\n2. Weigh the sky."
    for name in ("reasoning_content", "reasoning"):
        beside = choices({"content": TEXT, name: weighed})
        yield Row(f"200, thoughts as {name}", (answer(beside),), "parsed", tasks=TASKS)
        for content in (None, ""):
            alone = choices({"content": content, name: TEXT})
            yield Row(
                f"200, content {content!r} and a list as {name}",
                (answer(alone),),
                "failed",
                r"holds the model's thoughts and no text\..*reasoning parser does not fit the model",
                tasks=(),
            )
            yield Row(
                f"200, content {content!r} and {name} up to the limit",
                (answer(choices({"content": content, name: weighed}, choice=LIMIT)),),
                "failed",
                r"used up by the model's thoughts.*thinking_tokens",
                tasks=(),
            )
        misplaced = json.dumps({"instructions": list(TASKS)})
        yield Row(
            f"200, no content and JSON as {name}",
            (answer(choices({"content": None, name: misplaced})),),
            "parsed",
            tasks=TASKS,
        )
        pieces = [{"choices": [{"delta": one}]} for one in ({name: weighed}, {"content": TEXT})]
        yield Row(f"200, a stream with {name}", (answer(streamed(*pieces)),), "parsed", tasks=TASKS)
    for text in (f"<think>{weighed}</think>{TEXT}", f"[THINK]{weighed}[/THINK]\n{TEXT}"):
        yield Row(f"200, thoughts in {text[:7]!r}", (answer(said(text)),), "parsed", tasks=TASKS)


def _whole_addresses() -> Iterator[Row]:
    for path in ("/", "/chat/completions", "/chat/completions/", "/chat/completions?api-version=2024-10-21"):
        yield Row(f"an address that goes on with {path}", (answer(GOOD),), "parsed", path=path, tasks=TASKS)


ANSWER_ROWS = [
    row
    for rows in (_marks_of_templates, _structure, _placeholders, _thoughts, _whole_addresses)
    for row in rows()
]
