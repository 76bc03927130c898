"""Answers with known rows, drawn at random in every form, decoration and language that models write."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from benchmarks.reading_forms import LANGUAGES, words
from selfinstruct.core.language.registry import language
from selfinstruct.core.method.vocabulary import reading_words

Row = tuple[str, str]

INPUTS = [
    "Quiet amber lagoon", "Quiet fjord, in the fog.", "The quiet basin?", "“Quiet,” said the owl.", "3 + 4",
    "Quiet knoll.\n\nQuiet reef, at noon.", "1. Quiet cedar\n2. Quiet islet",
    "- quiet grove\n- quiet heath", "Name: Quiet\nAge: 5",
    "Subject: Quiet hours\n\nDear Ann,\nwe close at 10:30.\n\nYours, Bo", "def quiet(n):\n    return n",
    "```python\nprint('quiet')\n```", "Why: quiet", "quiet = 1 # no noise", "静かな港。",
    "静かな港、\n霧の朝。", "安静的海湾。", "1、安静\n2、下雨", "조용한 항구.",
    "조용한 항구,\n안개 낀 아침.", "Una bahía tranquila.", "¿Dónde está la bahía?\n\nEn el sur.",
    "<p>Quiet</p>", "Quiet: a, b; c", "Context: Quiet bay.\n\nQuestion: Is it quiet?",
    "文章：静かな湾。\n\n質問：静かですか？", "短文：安静。\n\n问题：安静吗？",
    "본문: 조용하다.\n\n질문: 조용한가?",
    "Texto: Una bahía.\n\nPregunta: ¿Es tranquila?", "User: Quiet?\n\nAssistant: Yes.\n\nUser: Thanks!",
    "The quiet fan is broken.\n\nFind out who can repair it.", "Quiet room.\n\nNote: closed on Sunday.",
    "Quiet again.\nReason: it was late.",
]  # fmt: skip
OUTPUTS = [
    "Loud shore", "Loud cedar shore.", "A loud heath\nand an islet.", "Loud one.\n\nLoud two.", "“Loud!”",
    "42", "1. Loud step\n2. Loud stop", "1. Loud step.\n\n2. Loud stop.\n\n3. Loud end.",
    "- Loud a\n- Loud b", "# Loud tool\n\nA text.\n\n## Use\n\nRun it.", "Title: Loud\n\nText of Loud.",
    "**Loud:** yes\n**Soft:** no", "Ann: Is it loud?\nBo: It is.\nAnn: Good.", "def loud(x):\n    return x",
    "```python\nprint(1)\n```", "Use this:\n\n```python\nloud = 1\n```\n\nIt prints nothing.",
    "| Loud | Soft |\n|---|---|\n| 1 | 2 |", "Dear Ann,\n\nthe shore is loud.\n\nYours,\nBo",
    "loud: 1\nsoft:\n  - 2\n  - 3", '{"loud": 1, "soft": [2]}', "> Loud is the shore.\n> It was said.",
    "Time 10:30 - loud", "うるさい岸。", "うるさい岸、\n風の夜。", "1. うるさい\n2. 静か", "喧闹的岸。",
    "喧闹的岸，\n大风。", "问：岸吵吗？\n答：吵。", "시끄러운 해안.", "시끄러운 해안,\n바람 부는 밤.",
    "Una orilla ruidosa.", "Una orilla:\n\n- ruidosa\n- larga",
    "Question: Loud?\nAnswer: Yes.\n\nQuestion: Soft?\nAnswer: No.", "Q: Loud?\nA: Yes.\n\nQ: Soft?\nA: No.",
    "質問：うるさい？\n回答：はい。\n\n質問：静か？\n回答：いいえ。",
    "问题：吵吗？\n回答：吵。\n\n问题：静吗？\n回答：不。",
    "Exercise 1: Add 2 and 3.\nSolution: 5\n\nExercise 2: Add 1 and 3.\nSolution: 4",
    "User: Loud?\n\nAssistant: Yes.\n\nUser: Thanks!\n\nAssistant: Bye!", "Loud shore.\n\nNote: it is loud.",
    "Prompt: Write about a shore.\n\nPrompt: Describe a loud day.",
]  # fmt: skip
LABELS = [
    "loud", "not loud", "Neutral", "5 stars", "A", "うるさい", "喧闹", "시끄러움", "ruidoso", "C++",
]  # fmt: skip

HEADS = [
    "{name}: {value}", "{name}:\n{value}", "{name}：{value}", "{name}:{value}", "**{name}:** {value}",
    "**{name}**: {value}", "**{name}:**\n{value}", "**{name}**\n{value}", "*{name}:* {value}",
    "__{name}:__ {value}", "### {name}\n{value}", "## {name}:\n{value}", "#### {name}\n\n{value}",
    "- {name}: {value}", "- **{name}:** {value}", "* {name}: {value}", "{n}. {name}: {value}",
    "{n}) **{name}:** {value}", "{name} {n}: {value}", "{name} #{n}: {value}", "**{name} {n}:** {value}",
    "[{name}]\n{value}", "【{name}】\n{value}", "[{name}]: {value}", "🔹 {name}: {value}",
    "**📥 {name}:** {value}", "a) {name}: {value}", "{name} -> {value}", "{name} - {value}",
    "`{name}`: {value}", "> {name}: {value}", "<b>{name}:</b> {value}", "=== {name} ===\n{value}",
    "「{name}」\n{value}", "{{{name}}}: {value}", "\u200b{name}: {value}", "\u00a0{name}: {value}",
]  # fmt: skip
HEADINGS = [
    "", "", "", "{example} {n}\n", "{example} {n}:\n", "**{example} {n}:**\n", "### {example} {n}\n",
    "## {example} {n}: {title}\n\n", "**{example} #{n}**\n\n", "{n}.\n", "**{n}.**\n", "({n})\n",
    "--- {example} {n} ---\n", "=== {example} {n} ===\n", "[{example} {n}]\n", "【{example}{n}】\n",
    "✅ {example} {n}\n", "{example} ({n})\n", "{n}. {title}\n", "#{n}\n",
]  # fmt: skip
TITLES = [
    "Fish", "Birds", "Trees",
]  # fmt: skip
GAPS = [
    "\n", "\n\n", "\n\n", "\n\n\n", "\n---\n", "\n\n---\n\n", "\n\n***\n\n", "\n\n* * *\n\n",
    "\n\n=====\n\n", "\n\n###\n\n", "\n\n⸻\n\n", "\n\n~~~\n\n", "\n\n• • •\n\n", "\n\n🔹🔹🔹\n\n",
    "\n<br>\n", "\n\n______\n\n", "\n\n+++\n\n", "\n\n//\n\n",
]  # fmt: skip
THOUGHTS = [
    "<think>\n{thought}\n</think>\n\n", "<thinking>{thought}</thinking>", "[THINK]{thought}[/THINK]\n",
    "{thought}\n</think>\n", "<reasoning>\n{thought}\n</reasoning>\n",
]  # fmt: skip
MARKS = [
    "<|im_end|>", "</s>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>",
    "<|im_end|>\n<|im_start|>user\nMore!",
]  # fmt: skip
DRIFTS = [
    "\n\n{task}: Name a bird.\n{first}: x y\n{second}: z w",
    "\n\n**{task}:** Name a bird.\n**{first}:** x y\n**{second}:** z w",
    "\n\n{task} 2: Name a bird.\n{first}: x y\n{second}: z w",
    "\n\n## {task} 2\nName a bird.\n\n{first}: x y\n{second}: z w",
    "\n\n{item}: Name a bird.\n{first}: x y\n{second}: z w",
    "\n\n10. Write a short haiku.\n{first}: x y\n{second}: z w", "\n\n{task}: Name a bird.",
    "\n\nHuman: Write a haiku.\nAssistant: Old pond", "\n\n---\n\n{task}: Name a bird.\n{second}: z w",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with the rows that it holds."""

    text: str
    rows: list[Row]
    language: str
    output_first: bool
    plain: bool
    """Whether nothing is around the rows, in a form of one line each: all of them must be read."""


def value_alone(value: str) -> str:
    """A value as it is read: without the fence around all of it, or the marks of a quotation."""
    if value.startswith("> "):
        return value[2:].replace("\n> ", "\n")
    if value.startswith("```") and value.endswith("\n```") and value.count("```") == 2:
        return value.split("\n", 1)[1].removesuffix("\n```")
    return value


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Answers in any form."""
    code = draw(st.sampled_from(LANGUAGES))
    output_first = draw(st.booleans())
    size = draw(st.integers(1, 3))
    given = draw(st.lists(st.sampled_from(INPUTS), min_size=size, max_size=size, unique=True))
    outputs = draw(
        st.lists(
            st.sampled_from(LABELS if output_first else OUTPUTS), min_size=size, max_size=size, unique=True
        )
    )
    rows = list(zip(given, outputs, strict=True))
    render = draw(st.sampled_from([_fields, _fields, _fields, _fields, _json, _table, _xml, _one_line]))
    text, plain = render(draw, rows, code, output_first)
    text, around = _surrounded(draw, text, code, output_first)
    return Answer(
        text,
        [(value_alone(one), value_alone(two)) for one, two in rows],
        code,
        output_first,
        plain and not around,
    )


def _names(draw: st.DrawFn, code: str, output_first: bool) -> tuple[str, str]:
    asked, more = language(code).answers, reading_words(code)["names"]
    rarely = draw(st.integers(0, 3)) == 0
    inputs = more["input"] if rarely else asked.input
    outputs = (
        more["label" if output_first else "output"]
        if rarely
        else asked.label
        if output_first
        else asked.output
    )
    return draw(st.sampled_from(inputs)), draw(st.sampled_from(outputs))


def _fields(draw: st.DrawFn, rows: Sequence[Row], code: str, output_first: bool) -> tuple[str, bool]:
    given, output = _names(draw, code, output_first)
    first = draw(st.sampled_from(HEADS))
    second = first if draw(st.integers(0, 2)) else draw(st.sampled_from(HEADS))
    heading, gap = draw(st.sampled_from(HEADINGS)), draw(st.sampled_from(GAPS))
    between = draw(st.sampled_from(["\n", "\n", "\n\n"]))
    example = draw(st.sampled_from([*language(code).answers.example, "Example"]))
    written = []
    for n, (one, two) in enumerate(rows, start=1):
        parts = [(first, given, one), (second, output, two)]
        if output_first:
            parts = [(first, output, two), (second, given, one)]
        fields = [form.format(name=name, value=value, n=n) for form, name, value in parts]
        written.append(heading.format(example=example, n=n, title=TITLES[n - 1]) + between.join(fields))
    plain = first == second == "{name}: {value}" and not heading and gap == "\n\n" and between == "\n"
    return gap.join(written), plain and not any("\n" in value for row in rows for value in row)


def _json(draw: st.DrawFn, rows: Sequence[Row], code: str, output_first: bool) -> tuple[str, bool]:
    given, output = draw(st.sampled_from([("input", "output"), _names(draw, code, output_first)]))
    objects = [{given: one, output: two} for one, two in rows]
    if output_first:
        objects = [dict(reversed(one.items())) for one in objects]
    indent = draw(st.sampled_from([None, 2]))

    def dumped(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, indent=indent)

    forms: list[Callable[[], str]] = [
        lambda: dumped(objects),
        lambda: dumped({"instances": objects}),
        lambda: dumped({"examples": objects}),
        lambda: dumped({f"example_{n}": one for n, one in enumerate(objects, start=1)}),
        lambda: "\n".join(map(dumped, objects)),
        lambda: "\n\n".join(
            f"{n}. {json.dumps(one, ensure_ascii=False)}" for n, one in enumerate(objects, 1)
        ),
    ]
    text = draw(st.sampled_from(forms))()
    return draw(st.sampled_from(["{}", "```json\n{}\n```", "```\n{}\n```"])).format(text), False


def _table(draw: st.DrawFn, rows: Sequence[Row], code: str, output_first: bool) -> tuple[str, bool]:
    names = _names(draw, code, output_first)
    numbers = draw(st.booleans())
    lines = [list(names), *([*row] for row in rows)]
    if any("|" in value for row in rows for value in row):
        return _json(draw, rows, code, output_first)
    cells = [
        [value.replace("\n", "<br>") for value in (line[::-1] if output_first else line)] for line in lines
    ]
    if numbers:
        cells = [[("#", "1", "2", "3")[n], *line] for n, line in enumerate(cells)]
    text = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join([text[0], "|" + "---|" * len(cells[0]), *text[1:]]), False


def _xml(draw: st.DrawFn, rows: Sequence[Row], code: str, output_first: bool) -> tuple[str, bool]:
    given, output = draw(st.sampled_from([("input", "output"), ("Input", "Output")]))
    around = draw(st.sampled_from(["{}", "<example>\n{}\n</example>", "<instances>{}</instances>"]))
    written = []
    for one, two in rows:
        parts = [f"<{given}>{one}</{given}>", f"<{output}>{two}</{output}>"]
        written.append("\n".join(parts[::-1] if output_first else parts))
    return around.format("\n".join(written)), False


def _one_line(draw: st.DrawFn, rows: Sequence[Row], code: str, output_first: bool) -> tuple[str, bool]:
    if any("\n" in value or "|" in value for row in rows for value in row):
        return _fields(draw, rows, code, output_first)
    given, output = _names(draw, code, output_first)
    mark = draw(st.sampled_from([" | ", ", ", " ", " -> ", "; ", " — "]))
    written = []
    for one, two in rows:
        parts = [f"{given}: {one}", f"{output}: {two}"]
        written.append(mark.join(parts[::-1] if output_first else parts))
    return draw(st.sampled_from(["\n", "\n\n"])).join(written), False


def _surrounded(draw: st.DrawFn, text: str, code: str, output_first: bool) -> tuple[str, bool]:
    """The text with thoughts, a greeting, remarks, marks, the next task; and whether it has any."""
    own, asked = words(code), language(code).answers
    inner = text
    # A letter may end with what would be a remark elsewhere.
    if draw(st.integers(0, 3)) == 0 and "Dear" not in text and "Subject" not in text:
        text += "\n\n" + draw(st.sampled_from(own["remarks"]))
    elif draw(st.integers(0, 3)) == 0:
        names = (asked.label[0], asked.input[0]) if output_first else (asked.input[0], asked.output[0])
        item = draw(st.sampled_from([name for name in reading_words(code)["names"]["item"] if len(name) > 2]))
        text += draw(st.sampled_from(DRIFTS)).format(
            task=draw(st.sampled_from(asked.task)), item=item, first=names[0], second=names[1]
        )
    if draw(st.integers(0, 3)) == 0:
        text = draw(st.sampled_from(["```\n{}\n```", "~~~\n{}\n~~~", "````markdown\n{}\n````"])).format(text)
    thought = draw(st.sampled_from(THOUGHTS)).format(thought=f"{asked.input[0]}: q\n{asked.output[0]}: r")
    greeting = own["greeting"] + draw(st.sampled_from(["\n", "\n\n"]))
    before = draw(st.sampled_from(["", "", "", greeting, thought, thought + greeting, greeting + thought]))
    text = before + text
    if draw(st.integers(0, 3)) == 0:
        text += draw(st.sampled_from(MARKS))
    if draw(st.integers(0, 5)) == 0:
        text = text.replace("\n", "\r\n")
    return text, text != inner
