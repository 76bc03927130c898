"""The list of tasks in an answer: numbered, with bullets, in a table, in JSON, or one task a line."""

import re
from collections.abc import Sequence
from typing import Any

from selfinstruct.core.answer_schemas import INSTRUCTIONS
from selfinstruct.core.method.answer_lines import Line, Start, answer_lines
from selfinstruct.core.method.broken_json import mended
from selfinstruct.core.method.field_heads import head_of
from selfinstruct.core.method.item_text import is_title, number_again, plain_items, without_title
from selfinstruct.core.method.json_answers import JsonItems, holds_an_answer, json_items
from selfinstruct.core.method.list_item import COLONS
from selfinstruct.core.method.list_items import HEADING, ListItems
from selfinstruct.core.method.numbering import (
    Marker,
    begins_with_letter,
    bullet_marker,
    lettered,
    named_marker,
    number_marker,
    number_markers,
    numbered_by_space,
    top_level,
)
from selfinstruct.core.method.reasoning import after_reasoning
from selfinstruct.core.method.task_tables import has_numbers, is_named, is_task_name, tasks_in_table
from selfinstruct.core.method.vocabulary import Vocabulary

_ELEMENT = re.compile(r"<(?P<name>[^\W\d][\w -]{0,20})(?:\s[^<>]*)?>(?P<text>[^<>]+)</(?P=name)>")
_EMPHASIZED = re.compile(r"<(?P<name>b|strong|i|em|u|p)>(?P<text>[^<\n]*)</(?P=name)>", re.IGNORECASE)
_ITEM_BEGINS = r"^(?P<before>[^\w\n|<]{0,8}(?:\d{1,3}[^\w\n|<]{1,4})?)"
_OPENING_BOLD = re.compile(
    rf"{_ITEM_BEGINS}<(?P<name>b|strong)>(?P<text>[^<\n]*)</(?P=name)>", re.IGNORECASE | re.MULTILINE
)
_TITLE_LINE = re.compile(
    rf"{_ITEM_BEGINS}\*\*(?P<text>[^*<\n]{{1,80}})\*\*[ \t]*<br\s*/?>", re.IGNORECASE | re.MULTILINE
)
# A list of strings at the beginning of a line, or behind a name or a lead-in.
_LIST_BEGINS = re.compile(r"(?:^|[:：=][ \t]*)\[\s*(?=[\"'])", re.MULTILINE)
_STRING = re.compile(r"[\s,]*(?P<quote>[\"'])(?P<text>(?:(?!(?P=quote))[^\\\n]|\\.)*)(?P=quote)(?=\s*[,\]])")
# Closed, or cut off inside a string.
_LIST_ENDS = re.compile(r"[\s,]*(?:\]|[\"'][^\n]*\Z|\Z)")
_ESCAPED = re.compile(r"\\([\"'\\])")
_MOST_PROSE = 400
_DEEPEST = 40
_MOST_LINES = 200
_LEAST_REQUESTS = 0.7


def proposed(text: str, vocabulary: Vocabulary, *, cut: bool, opened: bool) -> list[str]:
    """The tasks of a list, each on one line.

    Args:
        text: The answer, without thoughts.
        vocabulary: The words of the language.
        cut: Whether the token limit truncated the answer; its last item is dropped, unless text follows it.
        opened: Whether the text begins inside an item.
    """
    if not opened:
        text = after_reasoning(
            text, vocabulary, lambda head, below: not head.text and _begins(below, vocabulary)
        )
    if not opened and len(elements := _elements(text, vocabulary)) > 1:
        return plain_items(elements, vocabulary)
    text = _OPENING_BOLD.sub(r"\g<before>**\g<text>**", text)
    text = _EMPHASIZED.sub(r"\g<text>", _TITLE_LINE.sub("\\g<before>**\\g<text>**\n", text))
    found = json_items(text, INSTRUCTIONS, may_follow=lambda before: _announces(before, vocabulary, opened))
    if found is not None and not found.as_asked and has_numbers(found.prose, vocabulary):
        found = None
    if found is not None and (items := _from_json(found, vocabulary)) is not None:
        return plain_items(_without_second_numbers(items), vocabulary)
    if not opened and (quoted := _quoted_list(text, vocabulary, cut=cut)) is not None:
        return plain_items(quoted, vocabulary)
    table = None if opened else tasks_in_table(text, vocabulary)
    if table is not None:
        items = table
        if cut and text.rstrip()[-1:] != "|":
            items = items[:-1] if text.rstrip().split("\n")[-1].count("|") > 1 else items
    else:
        items, last_is_whole = _from_lines(text, vocabulary, opened=opened)
        if cut and items and not last_is_whole:
            items.pop()
    items = [text for item in _without_second_numbers(items) for text in _out_of_json(item, vocabulary)]
    return plain_items(items, vocabulary)


def _begins(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a text begins with an item of a list."""
    return number_marker(Line(text.lstrip().split("\n", 1)[0]), 0, vocabulary.item) is not None


def _out_of_json(item: str, vocabulary: Vocabulary) -> list[str]:
    """The instructions of an item that is JSON; any other item, unless an answer in JSON is in it."""
    found = json_items(item, INSTRUCTIONS) if item.startswith("{") else None
    if found is not None and not found.prose:
        return _from_json(found, vocabulary) or []
    if item.startswith('"') and item.endswith('",') and (text := mended(item[1:-2])) is not None:
        return [text]
    return [] if holds_an_answer(item) else [item]


def _announces(before: str, vocabulary: Vocabulary, opened: bool) -> bool:
    """Whether JSON may follow a text on the same line, which is then no task that quotes some JSON."""
    marker = number_marker(Line(before), 0, vocabulary.item) or bullet_marker(Line(before), 0)
    said = marker.text if marker else before
    if marker or opened:
        return not re.search(r"\w", said)
    head = head_of(said, vocabulary)
    return not vocabulary.is_request(said) or (head is not None and head.kind is not None)


def _from_lines(text: str, vocabulary: Vocabulary, *, opened: bool) -> tuple[list[str], bool]:
    """The tasks of an answer by its lines, and whether the last is complete even if the answer was cut."""

    def start(line: str) -> Start | None:
        is_item = (
            number_marker(Line(line), 0, vocabulary.item) is not None
            or named_marker(Line(line), 0, vocabulary.item) is not None
            or bullet_marker(Line(line), 0) is not None
            or (not opened and (vocabulary.is_request(line) or begins_with_letter(line)))
        )
        return "field" if is_item else "heading" if HEADING.match(line) else None

    lines = answer_lines(text, start)
    markers = number_markers(lines, vocabulary.item)
    if markers:
        kept = top_level(markers, opened=opened, colons=_after_colons(lines, markers))
        above = " ".join(line.text for line in lines[: kept[0].line]).rstrip() if kept else ""
        if opened and kept[:1] and kept[0].number == 1 and above.endswith(COLONS):
            # A list that counts anew is what the opened item announces, or that item is its heading.
            opened = vocabulary.is_request(above)
            kept = kept if any(vocabulary.is_request(marker.text) for marker in kept) else []
    elif not opened:
        named = [found for at, line in enumerate(lines) if (found := named_marker(line, at, vocabulary.item))]
        letters = [] if named else _lettered_tasks(lines, vocabulary)
        bullets = (
            named
            or letters
            or [
                found
                for at, line in enumerate(lines)
                # "※" also begins a note on the list.
                if (found := bullet_marker(line, at)) and not vocabulary.is_remark(found.text)
            ]
        )
        outer = min((marker.indent for marker in bullets), default=0)
        kept = [marker for marker in bullets if marker.indent < outer + 2]
        if not kept:
            return _one_a_line(lines, vocabulary), False
    else:
        kept = []
    breaks = text[: len(text) - len(text.lstrip())].count("\n")
    items = ListItems(vocabulary, lines, kept, opened=opened, above=breaks)
    return items.read(), items.last_is_whole


def _lettered_tasks(lines: Sequence[Line], vocabulary: Vocabulary) -> list[Marker]:
    """The items of a list with letters, unless they are the options of a question."""
    letters = lettered(lines)
    asked = any(vocabulary.is_request(line.text) for line in lines[: letters[0].line]) if letters else True
    requests = sum(vocabulary.is_request(marker.text) for marker in letters)
    return [] if asked or requests < _LEAST_REQUESTS * len(letters) else letters


def _after_colons(lines: Sequence[Line], markers: Sequence[Marker]) -> list[bool]:
    """For each marker, whether the last text before it ends with a colon."""
    texts = {marker.line: marker.text for marker in markers}
    found: list[bool] = []
    last = ""
    at = 0
    for marker in markers:
        for number in range(at, marker.line):
            if lines[number].text.strip():
                last = texts.get(number, lines[number].text)
        found.append(last.rstrip(" *_").endswith(COLONS))
        at = marker.line
    return found


def _one_a_line(lines: Sequence[Line], vocabulary: Vocabulary) -> list[str]:
    """The tasks of an answer that has neither numbers nor bullets: one a line, most of them requests."""
    texts = [line.text.strip() for line in lines if not line.blank and not line.rule and not line.fence]
    while texts and vocabulary.is_lead_in(texts[0]):
        texts.pop(0)
    while texts and vocabulary.is_remark(texts[-1], weak=len(texts) > 1):
        texts.pop()
    if (numbered := numbered_by_space(texts)) is not None:
        return numbered
    if len(texts) > _MOST_LINES or any(line.code for line in lines) or lettered(lines):
        return []
    if (titled := _below_titles(texts, vocabulary)) is not None:
        return titled
    requests = sum(vocabulary.is_request(without_title(text, vocabulary)) for text in texts)
    return texts if len(texts) > 1 and requests >= _LEAST_REQUESTS * len(texts) else []


def _below_titles(texts: Sequence[str], vocabulary: Vocabulary) -> list[str] | None:
    """The tasks below one title each; None if the lines are not titles and tasks in turn."""
    titles, tasks = texts[::2], texts[1::2]
    if len(tasks) < 2 or len(titles) != len(tasks):
        return None
    titled = all(HEADING.match(title) and is_title(title, vocabulary) for title in titles)
    requests = sum(map(vocabulary.is_request, tasks))
    return list(tasks) if titled and requests >= _LEAST_REQUESTS * len(tasks) else None


def _without_second_numbers(items: list[str]) -> list[str]:
    """Items without the numbers that they have twice, if all of them do."""
    again = [number_again(item) for item in items if item.strip()]
    if len(again) < 2 or not all(again):
        return items
    return [found[1] if (found := number_again(item)) else item for item in items]


def _elements(text: str, vocabulary: Vocabulary) -> list[str]:
    """The tasks in XML or HTML elements; one that is cut off is left out."""
    return [
        match["text"].strip()
        for match in _ELEMENT.finditer(text)
        if not (before := text[max(0, match.start() - _DEEPEST) : match.start()].rstrip(" \t"))
        or before[-1] in "\n>"
        if match["name"].lower() == "li" or is_task_name(match["name"], vocabulary)
    ]


def _quoted_list(text: str, vocabulary: Vocabulary, *, cut: bool) -> list[str] | None:
    """The strings of a list in a programming language, such as Python; None if the answer is no such list."""
    begins = _LIST_BEGINS.search(text)
    if begins is None:
        return None
    items: list[str] = []
    at = begins.end()
    while string := _STRING.match(text, at):
        items.append(_ESCAPED.sub(r"\1", string["text"]))
        at = string.end()
    around = [*text[: begins.start()].split("\n"), *text[at:].lstrip(",] \t").split("\n")]
    closed = _LIST_ENDS.match(text, at) is not None
    if not items or (len(items) < 2 and not cut) or not closed or has_numbers(around, vocabulary):
        return None
    return items if sum(map(len, around)) <= _MOST_PROSE else None


def _from_json(found: JsonItems, vocabulary: Vocabulary) -> list[str] | None:
    """The instructions of a JSON list or of numbered members; None if it holds something else."""
    items: list[str] = []
    for value in found.items:
        inner = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(inner, str):
            items += _listed_in(inner, vocabulary) if len(found.items) == 1 else [inner]
        elif isinstance(inner, dict):
            items += _instructions(inner, vocabulary)
    return items if items or not found.items else None


def _listed_in(text: str, vocabulary: Vocabulary) -> list[str]:
    """The items of a numbered list that is the only string; the string itself if it is no such list."""
    items = _from_lines(text, vocabulary, opened=False)[0] if _begins(text, vocabulary) else []
    return items if len(items) > 1 else [text]


def _instructions(value: dict[str, Any], vocabulary: Vocabulary) -> list[str]:
    for names in (vocabulary.item, "text|content|description"):
        named = [inner for name, inner in value.items() if isinstance(inner, str) and is_named(name, names)]
        if named:
            # A title may be under a name of the task too.
            return [max(named, key=lambda inner: (vocabulary.is_request(inner), len(inner)))]
    numbered = re.compile(rf"(?:(?:{vocabulary.item})[\s_#-]*)?\d+", re.IGNORECASE)
    if value and all(numbered.fullmatch(name) for name in value):
        inner = list(value.values())
        return [
            text
            for one in inner
            for text in (
                [one]
                if isinstance(one, str)
                else _instructions(one, vocabulary)
                if isinstance(one, dict)
                else []
            )
        ]
    if len(value) == 1:
        (only,) = value.values()
        return [only] if isinstance(only, str) and len(only.split()) > 1 else []
    return []
