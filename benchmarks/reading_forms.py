"""Answers in the forms that models write, rendered from known tasks, rows and labels in each language."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from selfinstruct.core.language.registry import AnswerWords, language
from selfinstruct.core.method.vocabulary import NO_OWN_NAMES, OwnNames

LANGUAGES = ("en", "es", "ja", "ko", "zh")
THOUGHT_TAGS = (
    *("think", "thinking", "thought", "reasoning", "THINK", "thinking_process", "reasoning_content"),
    *("chain_of_thought", "cot", "plan", "internal", "step", "scratchpad", "inner monologue"),
)
MARKS = (
    *("<|im_end|>", "</s>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", "<start_of_image>", "<EOT>"),
    *("<end>", "[end]", "[|endofturn|]", "<s>", "<0x0A>", "<reserved_106>", "<_user>", "<|im_end", "<|im_"),
    *("</output>", "</answer>", "▁", "Ċ", "###", "\n\n###", "\\end{document}", "<unused7>"),
)
SEPARATORS = (
    *("---", "***", "* * *", "=====", "-----", "______", "###", "#", "~~~", "• • •", "//", "+++", "⸻", "🔹"),
    "<br>",
)
Stage = Literal["list", "input_first", "output_first", "label"]
Row = tuple[str, str]

CODE = """def square(n):
    '''Square it.

    Input: n
    Output: n * n
    '''
    return n * n

# Output: 25"""


@dataclass(frozen=True, slots=True)
class Case:
    """An answer, and what it should be read as: tasks, rows, or a label."""

    kind: str
    stage: Stage
    language: str
    text: str
    wanted: Any
    cut: bool = False
    continues_item: bool = False
    reason: str | None = None
    """The reason with which an instance should be dropped."""
    own: OwnNames = NO_OWN_NAMES
    """The field names of a person's own prompts."""


@cache
def words(code: str) -> dict[str, Any]:
    """The known tasks and rows in a language, and what is said around them."""
    path = Path(__file__).with_name("reading_words.toml")
    own: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))[code]
    return own


def instances(code: str) -> Iterator[Case]:
    """Answers to the two instance prompts."""
    own, names = words(code), language(code).answers
    rows = [(given, output) for given, output in own["rows"]]
    labelled = [(given, label) for given, label in own["labelled"]]

    def case(
        kind: str, text: str, wanted: Sequence[Row] = rows, stage: Stage = "input_first", **more: Any
    ) -> Case:
        return Case(kind, stage, code, text, list(wanted), **more)

    for kind, text in instance_forms(rows, names.input[0], names.output[0], names):
        yield case(kind, text)
        yield case(kind, f"{own['greeting']}\n\n{text}\n\n{own['remarks'][0]}")
        yield case(kind, f"{text}<|im_end|>")
    for kind, text in instance_forms([row[::-1] for row in labelled], names.label[0], names.input[0], names):
        yield case(kind, text, labelled, "output_first")
    for name in own["other_inputs"]:
        text = "\n\n".join(f"{name}: {one}\n{names.output[0]}: {two}" for one, two in rows)
        yield case("other names", text)
    for name in own["other_outputs"]:
        yield case("other names", f"{name}: {rows[0][1]}", [("", rows[0][1])])
        text = "\n\n".join(f"{own['other_inputs'][0]}: {one}\n{name}: {two}" for one, two in rows)
        yield case("other names", text)
    for name in own["other_labels"]:
        text = "\n\n".join(f"{name}: {label}\n{names.input[0]}: {given}" for given, label in labelled)
        yield case("other names", text, labelled, "output_first")
    for heading in own["headings"]:
        text = "\n\n".join(
            f"{heading.format(n=n)}\n{names.input[0]}: {one}\n{names.output[0]}: {two}"
            for n, (one, two) in enumerate(rows, start=1)
        )
        yield case("headings", text)
    text = "\n".join(f"{given}\n{names.output[0]}: {output}" for given, output in own["own"])
    yield case("own names", text, [(given, output) for given, output in own["own"]])
    text = "\n\n".join(f"{names.label[0]}: {label}\n{given}" for given, label in labelled)
    yield case("label line", text, labelled, "output_first")
    one_each = f"{names.input[0]}: {rows[0][0]}\n{names.output[0]}: "
    for none in own["none"]:
        text = f"{names.input[0]}: {none}\n{names.output[0]}: {rows[0][1]}"
        yield case("no input", text, [("", rows[0][1])])
    for given in own["given"]:
        text = f"{names.input[0]}: {given}\n{names.output[0]}: {rows[0][1]}"
        yield case("no input", text, [(given, rows[0][1])])
    for text in own["kept"]:
        yield case("kept", one_each + text, [(rows[0][0], text)])
    mine = own["prompts"]
    names_of_prompts = OwnNames(input=(mine[0],), output=(mine[1],), label=(mine[2],))
    text = "\n\n".join(f"{mine[0]}: {one}\n{mine[1]}: {two}" for one, two in rows)
    yield case("names of prompts", text, own=names_of_prompts)
    text = "\n\n".join(f"{mine[2]}: {label}\n{mine[0]}: {given}" for given, label in labelled)
    yield case("names of prompts", text, labelled, "output_first", own=names_of_prompts)
    for separator in SEPARATORS:
        text = f"\n\n{separator}\n\n".join(
            f"{names.input[0]}: {one}\n{names.output[0]}: {two}" for one, two in rows
        )
        yield case("separators", text)
    inside = f"{rows[0][1]} {own['placeholder'][-1]} {rows[1][1]}"
    yield case("placeholder", one_each + inside, [], reason="placeholder")
    for text in own["placeholder"]:
        yield case("placeholder", one_each + text, [], reason="placeholder")
    for text in own["refusal"]:
        yield case("refusal", one_each + text, [], reason="refusal")
    for remark in (*own["remarks"], *own["endings"]):
        yield case("remark", f"{one_each}{rows[0][1]}\n\n{remark}", rows[:1])
    for lead_in in own["lead_ins"]:
        yield case("lead-in", f"{lead_in}\n\n{names.output[0]}: {rows[0][1]}", [("", rows[0][1])])
        yield case("lead-in", f"{lead_in}\n\n{rows[0][1]}", [("", rows[0][1])])
    yield case("code", f"{one_each}\n```python\n{CODE}\n```", [(rows[0][0], CODE)])
    yield case("code", f"{one_each}\n{CODE}", [(rows[0][0], CODE)])
    sample = f"```python\n{CODE}\n```\n\nSample run:\n```\n{names.input[0]}: 5\n{names.output[0]}: 25\n```"
    yield case("code", one_each + "\n" + sample, [(rows[0][0], sample)])
    for text in with_thoughts(f"{one_each}{rows[0][1]}", f"{names.input[0]}: x\n{names.output[0]}: y"):
        yield case("thoughts", text, rows[:1])
    late = f"{own['greeting']}\n<think>\n{names.input[0]}: x\n{names.output[0]}: y\n</think>\n"
    yield case("thoughts", f"{late}{one_each}{rows[0][1]}", rows[:1])
    yield case("thoughts", f"{one_each}<think>{rows[1][1]}?</think>{rows[0][1]}", rows[:1])
    for text in with_marks(f"{one_each}{rows[0][1]}"):
        yield case("marks", text, rows[:1])
    for text in (rows[0][1], *own["bare"]):
        yield case("bare", text, [("", text)])
    yield case("unreadable", rows[0][1], [], "output_first", reason="unreadable")
    whole = json.dumps([{"input": given, "output": output} for given, output in rows], ensure_ascii=False)
    yield case("cut", whole[:-1] + ', {"input": "wh', cut=True)
    yield case("cut", f"{one_each}{rows[0][1]}\n{names.example[0]} 2", rows[:1], cut=True)


def instance_forms(
    rows: Sequence[Row], first: str, second: str, names: AnswerWords
) -> Iterator[tuple[str, str]]:
    """The same instances in each form of text, table, XML and JSON, with the kind of the form."""
    example = names.example[0]
    titles = ("A", "B", "C", "D", "E", "F")

    def joined(form: str, gap: str = "\n") -> str:
        return gap.join(
            form.format(n=n, title=titles[n - 1], one=one, two=two, a=first, b=second, e=example)
            for n, (one, two) in enumerate(rows, start=1)
        )

    yield "fields", joined("{a}: {one}\n{b}: {two}")
    yield "fields", joined("{a}: {one}\n{b}: {two}", "\n\n---\n\n")
    yield "fields", joined("**{a}:** {one}\n**{b}:** {two}", "\n\n")
    yield "fields", joined("*{a}:* {one}\n*{b}:* {two}")
    yield "fields", joined("### {a}\n{one}\n\n### {b}\n{two}", "\n\n")
    yield "fields", joined("- {a}: {one}\n- {b}: {two}", "\n\n")
    yield "fields", joined("{n}. {a}: {one}\n   {b}: {two}")
    yield "fields", joined("{a}：{one}\n{b}：{two}")
    yield "fields", joined("{a}:\n{one}\n{b}:\n{two}", "\n\n")
    yield "in one line", joined("{a}: {one} | {b}: {two}")
    yield "headings", joined("{e} {n}\n{a}: {one}\n{b}: {two}")
    yield "headings", joined("{e} {n}: {title}\n{a}: {one}\n{b}: {two}", "\n\n")
    yield "headings", joined("**{e} #{n}**\n{a}: {one}\n{b}: {two}", "\n\n")
    yield "headings", joined("{n}.\n{a}: {one}\n{b}: {two}", "\n\n")
    yield "headings", joined("### {e} {n}\n#### {a}\n{one}\n#### {b}\n{two}", "\n\n")
    yield "fence", "```\n" + joined("{a}: {one}\n{b}: {two}") + "\n```"
    yield "table", f"| {first} | {second} |\n|---|---|\n" + joined("| {one} | {two} |")
    if " " not in first + second:
        yield "XML", joined("<{a}>{one}</{a}>\n<{b}>{two}</{b}>")
    objects = [{first: one, second: two} for one, two in rows]
    yield "JSON", json.dumps(objects, ensure_ascii=False)
    yield "JSON", "```json\n" + json.dumps({"instances": objects}, ensure_ascii=False, indent=2) + "\n```"
    yield "JSON", "\n".join(json.dumps(one, ensure_ascii=False) for one in objects)


def labels(code: str) -> Iterator[Case]:
    """Answers to the classify prompt."""
    own = words(code)
    for wanted, said in (("classification", "yes"), ("generation", "no"), ("unknown", "unclear")):
        for text in own[said]:
            yield Case(said, "label", code, text, wanted)
    names, thoughts = language(code).answers, own["thoughts"]
    for wanted, said, other in (
        ("classification", names.yes[0], names.no[0]),
        ("generation", names.no[0], names.yes[0]),
    ):
        for text in (
            f"### {own['answer']}\n{said}",
            f"**{own['answer']}**\n\n{said}",
            f"### {thoughts[0]}\n{other}?\n\n### {own['answer']}\n{said}",
            f"{thoughts[1]}: {other}?\n{own['answer']}: {said}",
        ):
            yield Case("below a heading", "label", code, text, wanted)
        for text in with_thoughts(said, f"{other}?"):
            yield Case("thoughts", "label", code, text, wanted)
        yield Case("thoughts", "label", code, f"{own['greeting']}\n<think>{other}?</think>\n{said}", wanted)


def with_thoughts(text: str, thought: str) -> Iterator[str]:
    """An answer with a thought before it, in each spelling."""
    for tag in THOUGHT_TAGS:
        yield f"<{tag}>\n{thought}\n</{tag}>\n\n{text}"
    yield f"<|thinking|>{thought}<|/thinking|>{text}"
    yield f"<details>\n<summary>Thinking</summary>\n{thought}\n</details>\n{text}"
    yield f"<unused94>thought\n{thought}<unused95>{text}"
    yield f"assistantanalysis{thought}assistantfinal{text}"
    yield f"```thinking\n{thought}\n```\n{text}"
    yield f"<Thought>{thought}</Thought>\n<Output>{text}</Output>"
    yield f"[THINK]{thought}[/THINK]{text}"
    yield f"{thought}\n</think>\n\n{text}"
    yield f"<think>{thought}</think>\n<think>{thought}</think>\n{text}"
    final = "<|start|>assistant<|channel|>final<|message|>"
    yield f"<|channel|>analysis<|message|>{thought}<|end|>{final}{text}<|return|>"


def with_marks(text: str) -> Iterator[str]:
    """An answer with each mark of a template behind it."""
    for mark in MARKS:
        yield text + mark
    yield f"{text}<|im_end|>\n<|im_start|>user\n1. Foo bar.\n2. Bar foo."
