"""Lists of tasks in the forms that models write, rendered from known tasks in each language."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from benchmarks.reading_forms import Case, with_marks, with_thoughts, words
from selfinstruct.core.language.registry import language

# In any language; each has others of its own besides.
_NUMBERS = (
    *("{n}. ", "{n}) ", "{n}: ", "{n} - ", "[{n}] ", "({n}) ", "#{n} ", "#{n}: ", "{n}.- ", "**{n}.** "),
    *("### {n}. ", "{n}\\. ", "> {n}. ", "{n}/ ", "{n}...", "📝 {n}. ", "{n}. 📝 ", "Task {n}: "),
    *("Task {n} - ", "Task #{n}: ", "**Task {n}:** ", "Question {n}: ", "Q{n}: ", "{name} {n}: "),
    *("**{name} {n}:** ", "{name} #{n}: "),
)
_CIRCLED = ("⑨⑩⑪⑫⑬⑭", "❾❿⓫⓬⓭⓮", "①②③④⑤⑥")
_HAN = ("九", "十", "十一", "十二", "十三", "十四")
_LETTERS = ("abcdef", "ABCDEF")
_BULLETS = ("- ", "* ", "• ", "● ", "– ", "~ ", "🔹 ", "👉 ")


class Task(NamedTuple):
    """A known task, and what models write around it."""

    title: str
    text: str
    kind: str
    answer: str


def known_tasks(code: str) -> list[Task]:
    """The known tasks in a language."""
    return [Task(*task) for task in words(code)["tasks"]]


def list_forms(tasks: Sequence[Task], code: str) -> Iterator[tuple[str, str]]:
    """The same tasks in each form, with the kind of the form; in each of them, all are read."""
    own, name = words(code), language(code).answers.task[0]

    def each(form: str, gap: str = "\n") -> str:
        return gap.join(
            form.format(n=n, title=title, task=task, tag=tag, answer=answer, under=own["answer"], name=name)
            for n, (title, task, tag, answer) in enumerate(tasks, start=9)
        )

    def marked(marks: Sequence[str], between: str) -> str:
        return "\n".join(mark + between + task.text for mark, task in zip(marks, tasks, strict=False))

    for number in dict.fromkeys([*_NUMBERS, *own["numbers"]]):
        yield "numbering", each(number + "{task}")
        yield "numbering", each(number + "{task}", "\n\n")
    for circled in _CIRCLED:
        yield "numbering", marked(circled, "")
    if code in {"ja", "zh"}:
        yield "numbering", marked(_HAN, "、")
    for letters in _LETTERS:
        yield "letters", marked(letters, ") ")
        yield "letters", marked(letters, ". ")
    for bullet in _BULLETS:
        yield "bullets", each(bullet + "{task}")
    for form in (
        "{n}. **{title}**\n{task}",
        "### {n}. {title}\n{task}\n",
        "**{n}. {title}**\n\n{task}\n",
        "{n}. **{title}**\n   - {task}\n",
        "### {title}\n{task}\n",
    ):
        yield "title above", each(form)
    for form in (
        "{n}. **{title}**: {task}",
        "{n}. **{title}:** {task}",
        "{n}. *{title}* – {task}",
        "{n}. {title}: {task}",
        "{n}. {title} - {task}",
        '{n}. "{title}" – {task}',
        "**{title}**: {task}",
    ):
        yield "title before", each(form)
    for form in (
        "{n}. {task} ({tag})",
        "{n}. {task} **[{tag}]**",
        "{n}. {task} — *{tag}*",
        "{n}. [{tag}] {task}",
        "{n}. {task} | {under}: {answer}",
    ):
        yield "tag", each(form)
    for form in (
        "{n}. {task}\n   {under}: {answer}",
        "{n}. {task}\n   **{under}:** {answer}",
        "{n}. {task} → {answer}",
        "{n}. {task}\n\n{answer}\n",
        "{n}. {task}\n   - {answer}",
    ):
        yield "answer", each(form)
    yield "answer", each("{n}. {task}") + f"\n\n**{own['answer']}**\n" + each("{n}. {answer}")
    yield "table", "| # | Task |\n|---|---|\n" + each("| {n} | {task} |")
    texts = [task.text for task in tasks]
    dumped = json.dumps(texts, ensure_ascii=False)
    yield "JSON", dumped
    yield "JSON", f"{own['greeting']}\n```json\n{dumped}\n```\n{own['remarks'][0]}"
    yield "JSON", json.dumps([{"instruction": text} for text in texts], ensure_ascii=False)
    yield "JSON", json.dumps({str(n): text for n, text in enumerate(texts, 9)}, ensure_ascii=False)
    yield "JSON", json.dumps({"instructions": texts}, ensure_ascii=False, indent=2)
    yield "JSON", json.dumps({"instructions": [[text] for text in texts]}, ensure_ascii=False)
    yield "JSON", json.dumps({"instructions": each("{n}. {task}")}, ensure_ascii=False)
    titled = [{"task": task.title, "instruction": task.text} for task in tasks]
    yield "JSON", json.dumps(titled, ensure_ascii=False)
    yield "JSON", f"{own['greeting']} {dumped}"
    yield "list of strings", repr(texts)
    yield "list of strings", f"tasks = [\n    {(chr(44) + chr(10) + '    ').join(map(repr, texts))},\n]"
    yield "XML", f"<tasks>\n{each('  <task>{task}</task>')}\n</tasks>"
    yield "fence", f"```markdown\n# {name}\n{each('{n}. {task}')}\n```\n{own['remarks'][0]}"


def lists(code: str) -> Iterator[Case]:
    """Answers to the propose prompt."""
    own, known = words(code), known_tasks(code)
    tasks = [task.text for task in known]
    plain = "\n".join(f"{n}. {task}" for n, task in enumerate(tasks, 9))

    def case(kind: str, text: str, wanted: Sequence[str] = tasks, **more: Any) -> Case:
        return Case(kind, "list", code, text, list(wanted), **more)

    for kind, text in list_forms(known, code):
        yield case(kind, text)
        if kind == "numbering":
            yield case(kind, f"{own['greeting']}\n\n{text}\n\n{own['remarks'][0]}")
    for name in own["below"]:
        each = "\n".join(f"{n}. {task.text}\n   {name}: {task.answer}" for n, task in enumerate(known, 9))
        yield case("answer", each)
    for remark in own["remarks"]:
        yield case("remark", f"{plain}\n{remark}")
    yield case("one a line", "\n".join(tasks))
    yield case("one a line", "\n\n".join(tasks))
    for request in own["requests"]:
        yield case("one a line", f"{request}\n{tasks[0]}\n{tasks[2]}", [request, tasks[0], tasks[2]])
    as_json = json.dumps(tasks, ensure_ascii=False)
    yield case("cut", as_json[:-1] + ', "Name', cut=True)
    yield case("cut", f"{plain}\n12. Name a", cut=True)
    for text in base_model(plain, code):
        yield case("base model", text, continues_item=True)
    for first, rest in (own["material"], own["open"]):
        yield case("material", f"9. {first}\n\n{rest}\n\n10. {tasks[1]}", [f"{first} {rest}", tasks[1]])
    yield case("base model", f" {own['material'][0]}\n\nPosted by Jim at 10:30 AM\n\n1. Nice!",
               own["material"][:1], continues_item=True)  # fmt: skip
    yield case("base model", f" {own['open'][0]}\n\nPosted by Jim at 10:30 AM\n\n1. Nice!", [],
               continues_item=True)  # fmt: skip
    yield case("list inside", f"9. {own['open'][0]}\n1. a b\n2. c d\n10. {tasks[1]}",
               [f"{own['open'][0]} 1. a b 2. c d", tasks[1]])  # fmt: skip
    yield case("code inside", f"9. {own['open'][0]}\n```\n1. x = 1\n```\n10. {tasks[1]}",
               [f"{own['open'][0]} 1. x = 1", tasks[1]])  # fmt: skip
    opening = own["bold_opening"]
    yield case("bold opening", f"9. {opening}\n10. {tasks[1]}", [opening.replace("**", ""), tasks[1]])
    thought = "1. Foo bar.\n2. Bar foo."
    for text in with_thoughts(plain, thought):
        yield case("thoughts", text)
    yield case("thoughts", f"{own['greeting']}\n<think>\n{thought}\n</think>\n{plain}")
    for name in own["thoughts"]:
        yield case("thoughts", f"**{name}:**\n{thought}\n\n**{own['answer']}:**\n{plain}")
    for text in with_marks(plain):
        yield case("marks", text)


def base_model(plain: str, code: str) -> Iterator[str]:
    """A list that continues "9.", and what a base model goes on with after it."""
    own, names = words(code), language(code).answers
    begun = " " + plain.removeprefix("9. ")
    yield begun
    for drift in (
        "Posted by Anna on Monday.\n\n2 comments\n1. Nice list!\n2. Thanks.",
        "This entry was posted on May 3, 2014.\n\n1. Bob says:\nGreat post!\n2. Ann says:\nThanks.",
        "Posted by Jim at 10:30 AM\n\n3 comments:\n\n- Jim said...\n- Another thing",
        f"{names.task[0]}: {own['material'][0]}\n{names.input[0]}: x\n{names.output[0]}: y",
        "User: Thanks! Now give me 3 more.\nAssistant: 1. Sing a song.\n2. Tell a tale.",
        f"# {own['answer']}\n\n9. Ship\n10. Bird",
        "References\n\n1. Smith, J. (2004). On tasks. London.\n2. Doe, A. (2010). More tasks. Paris.",
    ):
        yield f"{begun}\n\n{drift}"
        yield f"{begun}\n\n\n{drift}\n\nCopyright 2015"
