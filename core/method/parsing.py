"""Parsing of model output into instructions, labels and instances. Pure: no clock, no randomness, no I/O.

Base models continue the prompt's format. Chat models add greetings, bold type, bullets, code fences and
numbering. The parser accepts all of these, and never guesses.
"""

import re
from dataclasses import dataclass
from itertools import takewhile

from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.parsing_patterns import AnswerPatterns, answer_patterns
from selfinstruct.core.method.thoughts import spoken
from selfinstruct.db.records import Label

_FENCE = re.compile(r"^\s*(?:```|~~~)[\w+-]*\s*$")
_RULE = re.compile(r"^\s*([-*_])(?:\s*\1){2,}\s*$")
_BULLET = re.compile(r"^(?P<indent>\s*)(?:[-*•–]\s+|・\s*)(?P<text>\S.*)$")
_BOLD_HEADING = re.compile(r"^\*\*(?P<heading>[^*]{1,60}?)(?:[:：]\*\*|\*\*\s*[:：–-])\s*(?=\S)")
# No ** inside, or a long text of opening marks would take quadratic time.
_BOLD = re.compile(r"(?<!\w)\*\*(?=\S)((?:(?!\*\*).)+)(?<=\S)\*\*(?!\w)|^__(?=\S)(.+)(?<=\S)__$")
_QUOTES = {'"': '"', "“": "”", "'": "'", "‘": "’", "「": "」", "『": "』"}
_NESTED_INDENT = 2


def parse_proposals(text: str, *, cut: bool, continues_item: bool, language: str = ENGLISH) -> list[str]:
    """Parse the list of instructions in the answer to a propose prompt.

    Args:
        text: The model's text.
        cut: Whether the token limit truncated it; if so, the last item is dropped.
        continues_item: Whether the prompt ended inside an item ("9."), as it does for base models. Text
            before the first number is then an item, not a greeting.
        language: The code of the language whose field names are recognized, besides the English ones.

    Returns:
        The non-empty items in order, each on one line, without numbers and decoration.
    """
    lines = [line for line in spoken(text).split("\n") if not _FENCE.match(line)]
    patterns = answer_patterns(language)
    starts = [patterns.numbered.match(line) for line in lines]
    if not any(starts) and not continues_item:
        starts = [_BULLET.match(line) for line in lines]
    items = _split_items(lines, starts, opened=continues_item)
    if cut and items:
        items.pop()
    plain = (_plain(item, patterns.prefix) for item in items)
    return [item for item in plain if item]


def _split_items(lines: list[str], starts: list["re.Match[str] | None"], *, opened: bool) -> list[str]:
    """Group lines into items; a blank line or a rule ends an item, so closing remarks are left out."""
    items: list[list[str]] = [[]] if opened else []
    outer = min((len(start["indent"]) for start in starts if start), default=0)
    for line, start in zip(lines, starts, strict=True):
        if start and len(start["indent"]) < outer + _NESTED_INDENT:
            items.append([_text(start)])
            opened = True
        elif opened and line.strip() and not _RULE.match(line):
            items[-1].append(line.strip())
        elif items and any(items[-1]):
            opened = False
    return [" ".join(item) for item in items]


def _text(start: "re.Match[str]") -> str:
    """The text after an item's number, with bold type reopened if it was opened before the number."""
    groups = start.groupdict("")
    return groups["text"] if groups.get("closed") else groups.get("bold", "") + groups["text"]


def _plain(item: str, prefix: "re.Pattern[str]") -> str:
    """Strip labels, bold headings, bold type and enclosing quotation marks from an item."""
    item = " ".join(item.split())
    item = prefix.sub("", item)
    item = _BOLD_HEADING.sub("", item)
    item = _BOLD.sub(r"\1\2", item)
    item = prefix.sub("", item).strip()
    if len(item) > 1 and _QUOTES.get(item[0]) == item[-1] and item[0] not in item[1:-1]:
        item = item[1:-1].strip()
    return item if re.search(r"\w", item) else ""


def clean_instruction(text: str) -> str:
    """Collapse whitespace to single spaces and capitalize the first letter; all others keep their case."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] if len(text[:1].upper()) == 1 else text


def parse_label(text: str, language: str = ENGLISH) -> Label:
    """Parse the answer to "is it a classification task?"; `unknown` unless it is a clear yes or no.

    Only the first line with words counts. A line with both yes and no is `unknown`.
    """
    patterns = answer_patterns(language)
    first = next((line for line in spoken(text).splitlines() if re.search(r"\w", line)), "")
    # The answer may repeat the question, which can contain both words: 是否 is "yes or no".
    said = {
        match["yes"] is not None
        for match in patterns.yes_or_no.finditer(patterns.question.sub(" ", fold(first)))
    }
    if len(said) != 1:
        return "unknown"
    return "classification" if said.pop() else "generation"


@dataclass(frozen=True, slots=True)
class ParsedInstance:
    """An input, which may be empty, and an output, as the model wrote them."""

    input: str
    output: str


def parse_input_first(text: str, language: str = ENGLISH) -> list[ParsedInstance]:
    """Parse the instances in an input-first answer: `Input:` and `Output:` pairs, or outputs alone.

    Text without any field is the output of a task without input.
    """
    patterns = answer_patterns(language)
    text = _unfenced(spoken(text), patterns.input_first)
    fields = _fields(text, patterns.input_first, patterns)
    if all(name in {"", "example"} for name, _ in fields):
        return [ParsedInstance("", _value(text))] if text.strip() else []
    return _input_then_output(_own(fields), patterns)


def parse_output_first(text: str, language: str = ENGLISH) -> list[ParsedInstance]:
    """Parse the instances in an output-first answer: `Class label:`, then an `Input:` with that label.

    If the answer starts with an input, the model has reversed the order, and it is parsed as input-first.
    """
    patterns = answer_patterns(language)
    text = _unfenced(spoken(text), patterns.output_first)
    fields = _own(_fields(text, patterns.output_first, patterns))
    if fields and fields[0][0] == "input":
        return _input_then_output(fields, patterns)
    found: list[ParsedInstance] = []
    label: str | None = None
    for name, value in fields:
        if name != "input":
            if label is not None:
                found.append(ParsedInstance("", label))
            label = value
        elif label is not None:
            found.append(ParsedInstance(_input(value, patterns), label))
            label = None
    if label is not None:
        found.append(ParsedInstance("", label))
    return found


def _unfenced(text: str, opening: "re.Pattern[str]") -> str:
    """Remove the code fence around a whole answer, or those around each of its instances.

    Prose before and after a fence around fields is removed with it. A code block inside a value keeps its
    fence.
    """
    lines = text.strip().split("\n")
    fences = [number for number, line in enumerate(lines) if _FENCE.match(line)]
    if len(fences) < 2 or len(fences) % 2:
        return text

    def begins_field(first: int, end: int) -> bool:
        start = next((line for line in lines[first:end] if line.strip()), "")
        return opening.match(start) is not None

    begin, end = fences[0], fences[-1]
    inside, outside = lines[begin + 1 : end], lines[:begin] + lines[end + 1 :]
    if len(fences) == 2 and not outside:
        return "\n".join(inside)
    if not begins_field(begin + 1, end) or any(opening.match(line) for line in outside):
        return text
    opened, closed = fences[::2], fences[1::2]
    one_each = all(begins_field(first + 1, last) for first, last in zip(opened, closed, strict=True))
    gaps = (lines[last + 1 : first] for last, first in zip(closed, opened[1:], strict=False))
    if one_each and not any("".join(gap).strip() for gap in gaps):
        inside = [line for line in inside if not _FENCE.match(line)]
    return "\n".join(inside)


def _input_then_output(fields: list[tuple[str, str]], patterns: AnswerPatterns) -> list[ParsedInstance]:
    found: list[ParsedInstance] = []
    given: str | None = None
    for name, value in fields:
        if name != "input":
            found.append(ParsedInstance(given or "", value))
            given = None
            continue
        if given is not None:
            found.append(ParsedInstance(given, ""))
        given = _input(value, patterns)
    if given is not None:
        found.append(ParsedInstance(given, ""))
    return found


def _own(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The inputs and outputs before the next `Task:`; a leading `Task:` only repeats the question."""
    (_, before), *named = fields
    if named and named[0][0] == "task" and not before:
        named.pop(0)
    own = takewhile(lambda field: field[0] != "task", named)
    return [field for field in own if field[0] != "example"]


def _fields(text: str, opening: "re.Pattern[str]", patterns: AnswerPatterns) -> list[tuple[str, str]]:
    """Split a text at its field names into (kind, value); kind is "" for text before the first field."""
    fields: list[tuple[str, list[str]]] = [("", [])]
    lines = text.replace("\r\n", "\n").split("\n")
    matches = [opening.match(line) for line in lines]
    for line, match, after in zip(lines, matches, _below(lines), strict=True):
        name = match and (match["name"] or match["task"])
        # An "Example" line directly above a field, or at the end of the text, is not part of an output.
        heads = after is None or matches[after] is not None
        if match and (name or (heads and not match["text"].strip())):
            fields.append((patterns.kinds[name] if name else "example", [match["text"]]))
        else:
            fields[-1][1].append(line)
    return [(name, _value("\n".join(lines))) for name, lines in fields]


def _below(lines: list[str]) -> list[int | None]:
    """For each line, the number of the next non-blank line, or None."""
    below: list[int | None] = []
    found = None
    for number in range(len(lines) - 1, -1, -1):
        below.append(found)
        if lines[number].strip():
            found = number
    return below[::-1]


def _value(text: str) -> str:
    """Trim a field's text, and remove the code fence that encloses all of it, if any."""
    lines = text.strip("\n").rstrip().split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    if len(lines) > 1 and lines[-1].strip() == "---":
        lines.pop()
    fenced = len(lines) > 1 and _FENCE.match(lines[0]) and _FENCE.match(lines[-1])
    if fenced and not any(_FENCE.match(line) for line in lines[1:-1]):
        return "\n".join(lines[1:-1]).strip("\n")
    return "\n".join(lines).strip()


def _input(value: str, patterns: AnswerPatterns) -> str:
    return "" if patterns.no_input.match(value) else value
