"""The text of a field: trimmed, without the remarks around it; empty inputs, placeholders and refusals."""

import re
from textwrap import dedent

from selfinstruct.core.method.answer_lines import RULE, fence_marks, is_fence
from selfinstruct.core.method.vocabulary import Vocabulary
from selfinstruct.db.records import Reason

_AROUND = " \t\n()<>[]*_`{}「」『』【】（）〈〉［］\"'“”‘’.。!！,，-—–"
_ONLY_MARKS = re.compile(r"[\s\"'“”‘’`*_]*|[\s*_(\[<]*[-—–/ー][-—–\s*_)\]>]*")
QUOTED = re.compile(r"^\s*>[ \t]?")
_DOTS = re.compile(r"\.\.|…|。。。|\?\?|___|＿＿")
_DOTS_AND_MARKS = re.compile(r"[\s.…?。＿\"'“”*_()\[\]<>]*")
_BRACKETED = re.compile(
    r"[\s*_`\"“]*[\[<{(【［（](?P<inside>[^\[\]<>{}()【】［］（）]{1,200})[\]>})】］）][\s.。*_`\"”]*"
)
_ANY_BRACKETS = re.compile(r"[\[<{【［](?P<inside>[^\[\]<>{}【】［］\n]{1,200})[\]>}】］]")
_REFUSED_WITHIN = 300
_LONGEST_NONE = 200
_SENTENCE_ENDS = (".", "?", "!")
_CLAUSES = re.compile(r"[,.;:!?，。；：！？、]\s*")


def without_empty_edges(text: str) -> str:
    """A text without the empty lines around it; indentation stays."""
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    return "\n".join(lines[start:])


def value_of(text: str) -> str:
    """Trim a field's text, and remove the code fence that encloses all of it, if any."""
    lines = text.strip("\n").rstrip().split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    while len(lines) > 1 and (RULE.match(lines[-1]) or not lines[-1].strip()):
        lines.pop()
    if lines and all(line.lstrip().startswith(">") for line in lines if line.strip()):
        lines = [QUOTED.sub("", line) for line in lines]
    marks = fence_marks(lines[0]) if len(lines) > 1 else ""
    if marks and is_fence(lines[-1]) and not any(fence_marks(line).startswith(marks) for line in lines[1:-1]):
        return "\n".join(lines[1:-1]).strip("\n")
    # Where all lines are indented, only that they all are means nothing.
    return dedent("\n".join(lines)).strip()


def input_of(value: str, vocabulary: Vocabulary) -> str:
    """The input unchanged, or "" if it only says that there is no input."""
    if "\n" in value or len(value) > _LONGEST_NONE:
        return value
    if _ONLY_MARKS.fullmatch(value):
        return ""
    is_none = vocabulary.phrases["no_input"].match
    # A phrase of the user's own may itself have brackets.
    plain = vocabulary.plain(value)
    spellings = (plain.strip(), plain.lstrip(_AROUND), plain.strip(_AROUND))
    written = [spelled.replace("_", mark) for spelled in spellings for mark in ("_", " ", "")]
    return "" if any(map(is_none, written)) else value


def fault_of(given: str, output: str, vocabulary: Vocabulary) -> Reason | None:
    """Why an instance is invalid: its input or output is a placeholder, or the model refused."""
    for name, text in (("input", given), ("output", output)):
        if text and _is_placeholder(text, vocabulary, whole=name == "output"):
            return Reason("placeholder", f"The {name} is a placeholder: {_beginning(text)}")
    if not given and vocabulary.phrases["none"].match(vocabulary.plain(output.strip(_AROUND))):
        # Beside an input it may be the answer: "Which of these numbers are prime?"
        return Reason("placeholder", f"The output says that there is no output: {_beginning(output)}")
    if vocabulary.phrases["refusal"].match(output.lstrip(_AROUND)[:_REFUSED_WITHIN]):
        return Reason("refusal", f"The model refused: {_beginning(output)}")
    return None


def is_no_task(item: str, vocabulary: Vocabulary) -> bool:
    """Whether an item of a list of tasks is none: it says so, stands for one, or refuses."""
    bare, patterns = vocabulary.plain(item.strip(_AROUND)), vocabulary.phrases
    if patterns["no_task"].match(bare) or patterns["placeholder"].match(bare):
        return True
    bracketed = _BRACKETED.fullmatch(item)
    # People put whole requests in parentheses: "(Give me a text for a birthday.)"
    in_full = "(" in item and item.rstrip(" )").endswith(_SENTENCE_ENDS)
    if bracketed and not in_full and _stands_for_text(bracketed["inside"], vocabulary):
        return True
    refuses = patterns["refusal"].match(bare[:_REFUSED_WITHIN]) is not None
    # "As an AI, explain what you cannot do." is a task.
    asks = [clause for clause in _CLAUSES.split(item)[1:] if not clause.casefold().startswith("no ")]
    # "I cannot open the file, so write ..." has a word before its request.
    asks += [clause.partition(" ")[2] for clause in asks]
    return refuses and not any(map(vocabulary.is_request, (item, *asks)))


def _stands_for_text(inside: str, vocabulary: Vocabulary) -> bool:
    """Whether what is in the brackets that enclose a whole text stands for one."""
    inside = vocabulary.plain(inside.strip())
    names = ("placeholder", "placeholder_part", "described", "slot")
    return any(vocabulary.phrases[name].match(inside) for name in names)


def _is_placeholder(text: str, vocabulary: Vocabulary, *, whole: bool) -> bool:
    if _DOTS_AND_MARKS.fullmatch(text) and _DOTS.search(text):
        return True
    patterns = vocabulary.phrases
    if whole and "\n" not in text and len(text) < 80 and patterns["placeholder"].match(text.strip(_AROUND)):
        return True
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed and _stands_for_text(bracketed["inside"], vocabulary):
        return True
    return any(
        patterns["placeholder_part"].match(match["inside"].strip()) for match in _ANY_BRACKETS.finditer(text)
    )


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
