"""Whether an answer without fields seems to contain inputs and outputs in an unrecognized format."""

import re
from functools import cache

from selfinstruct.core.method.answer_lines import answer_lines, is_fence, is_wrapper
from selfinstruct.core.method.field_heads import head_of
from selfinstruct.core.method.vocabulary import Kind, Vocabulary, any_of

_HAS_OBJECT = re.compile(r"\{\s*\\?[\"'“‘]\w")
_QUOTED_NAME = re.compile(r"[\"'<]([^\W\d][\w -]{0,30})[\"'>]")
_ARROW = re.compile(r"\S\s*(?:->|=>|[→⇒➜])\s*\S")
_QUOTED_ARROW = re.compile(
    r"^\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?(?P<open>[\"“«「『])[^\"”»」』]{1,500}[\"”»」』]\s*(?:->|=>|→|⇒|➜|:|：)\s*\S"
)
_CALL = re.compile(r"\w\([^()]{0,200}\)\s*(?:->|=>|[→⇒➜])")
_DEFINES = re.compile(r"^(?:async def|def|class|function|import|from \w+ import|#include)\b", re.MULTILINE)
_COMMENT = re.compile(r"^\s*#\s+\S")
_LOOKED_AT = 2000
_QUESTION = re.compile(r"^\W{0,4}(?:Q|Question)\.\s+\S")
_ANSWER = re.compile(r"^\W{0,4}(?:A|Answer)\.\s+\S")


def has_unknown_form(text: str, vocabulary: Vocabulary) -> bool:
    """Whether an answer without fields seems to contain an input as well.

    Its first field comes again later, as the fields of a list of instances do; or it speaks of fields by
    name; or lines begin with the names of an input and of an output, in whatever decoration.
    """
    stripped = text.strip()
    first = head_of(stripped.split("\n", 1)[0], vocabulary)
    if first and re.fullmatch(vocabulary.item, first.name, re.IGNORECASE):
        return True
    if first and first.text.strip():
        heads = (head_of(line, vocabulary) for line in stripped.split("\n"))
        named = [head.name for head in heads if head]
        if named.count(first.name) > 1 and len(set(named)) > 1:
            return True
    names = {
        meaning.kind
        for name in _QUOTED_NAME.findall(stripped[:_LOOKED_AT])
        if (meaning := vocabulary.meaning(name)) and meaning.usual
    }
    if stripped.startswith(("[", "{", "<", "|")) and names & {"input", "output", "label"}:
        return True
    if _HAS_OBJECT.search(stripped) is not None and {"input", "output"} <= names:
        return True
    lines = _written(stripped)
    if _DEFINES.match(stripped):
        # What a program reads and writes is said in its comments.
        lines = [line for line in lines if not _COMMENT.match(line)]
    return _names_both(lines, vocabulary) or _asks_and_answers(lines) or _are_arrows(lines, vocabulary)


def _names_both(lines: list[str], vocabulary: Vocabulary) -> bool:
    """Whether a line begins with the name of an input, and one with that of an output."""
    given, output = (
        _begins_with(_names(vocabulary, kinds, usual=False)) for kinds in (("input",), ("output", "label"))
    )
    return any(map(given.match, lines)) and any(map(output.match, lines))


def holds_fields(text: str, vocabulary: Vocabulary, missing: tuple[Kind, ...] = ()) -> bool:
    """Whether a text outside the fields has fields itself: a line with a usual name, in any decoration.

    Args:
        text: What stands before or below the fields.
        vocabulary: The words of the language.
        missing: The kinds that the fields lack; any of their names counts.
    """
    lines = _written(text)
    names = _names(vocabulary, ("input", "output", "label"), usual=True)
    pattern = _begins_with((*names, *_names(vocabulary, missing, usual=False)))
    return any(map(pattern.match, lines)) or _names_both(lines, vocabulary)


def holds_output(text: str, name: str, vocabulary: Vocabulary) -> bool:
    """Whether a line below an input's name begins, in any decoration, with a name like that of its output.

    The names are the usual ones, or all where that of the output is none of them.
    """
    meaning = vocabulary.meaning(name)
    if meaning is None or not text.strip():
        return False
    pattern = _begins_with(_names(vocabulary, ("output",), usual=meaning.usual))
    # What stands beside the name of the input begins no line.
    lines = _written(text, below=0 if text.startswith("\n") else 1)
    heads = (head_of(line, vocabulary) for line in lines)
    named = (head.meaning for head in heads if head is not None and head.kind == "output")
    return any(map(pattern.match, lines)) or any(one and (one.usual or not meaning.usual) for one in named)


def field_beginning(kinds: tuple[Kind, ...], vocabulary: Vocabulary) -> "re.Pattern[str]":
    """A pattern for a line that begins with the name of a field of one of these kinds, in any decoration."""
    return _begins_with(_names(vocabulary, kinds, usual=False))


def field_inside(kinds: tuple[Kind, ...], vocabulary: Vocabulary) -> "re.Pattern[str]":
    """A pattern for the name of a field in the middle of a text: `spam | Input: Win money!`."""
    return _inside(_names(vocabulary, kinds, usual=False))


@cache
def _inside(names: tuple[str, ...]) -> "re.Pattern[str]":
    return re.compile(
        rf"(?<![\w<>{{\[])(?:\*\*|__)?(?P<name>{any_of(names)})(?:\*\*|__)?[ \t]{{0,4}}[:：](?:\*\*|__)?",
        re.IGNORECASE,
    )


def _written(text: str, *, below: int = 0) -> list[str]:
    """The lines with text that are not code. A fence around all of it does not count, even with others in it.

    Args:
        text: The text.
        below: The number of lines at its beginning that do not count.
    """
    whole = text.strip().split("\n")
    if len(whole) > 1 and is_wrapper(whole[0]) and is_fence(whole[-1]):
        text = "\n".join(whole[1:-1])
    lines = answer_lines(text, lambda _: None) if text.strip() else []
    return [line.text for line in lines[below:] if not line.code and not line.blank]


def _names(vocabulary: Vocabulary, kinds: tuple[Kind, ...], *, usual: bool) -> tuple[str, ...]:
    return tuple(
        name
        for name, meaning in vocabulary.names.items()
        if meaning.kind in kinds and (meaning.usual or not usual)
    )


@cache
def _begins_with(names: tuple[str, ...]) -> "re.Pattern[str]":
    """A pattern for a name at the start of a line, after anything but words, and with no word after it.

    What is before the name is atomic: `<label>` is a tag, not the sign `<` and a name.

    Words go on with a space, an apostrophe or a hyphen; code with a bracket, a full stop, an equals sign.
    """
    return re.compile(
        r"^(?=(?P<marks>(?:</?\w{1,8}>|\\\w{1,10}\{|(?:\d{1,3}|[a-z]|[ivx]{2,4})[.)][ \t]|[^\w\n]|_)*))"
        r"(?P=marks)"
        rf"(?:{any_of(names)})(?:[ \t]?[#№]?\d{{1,3}})?"
        r"(?:\t|\.{3}|[ \t]*(?![\w\s(.,;!?'’=/&+-])|[ \t]*(?:=>|->|==|--)|[ \t]+[-–—][ \t]|[ \t]*$)",
        re.IGNORECASE,
    )


def _asks_and_answers(lines: list[str]) -> bool:
    """Whether questions and answers take turns behind letters: `Q. x`, then `A. y`."""
    asked = [number for number, line in enumerate(lines) if _QUESTION.match(line)]
    return len(asked) > 1 and asked[0] == 0 and any(map(_ANSWER.match, lines))


def _are_arrows(lines: list[str], vocabulary: Vocabulary) -> bool:
    """Whether all lines are instances on one line: `Example 1: x -> y`, `"x" -> y`; no results of calls."""
    found = [vocabulary.example.match(line[:_LOOKED_AT]) for line in lines]
    if len(lines) > 1 and all(map(_QUOTED_ARROW.match, lines)):
        return True
    return bool(found) and all(
        match and match["number"] and _ARROW.search(match["title"] or "") and not _CALL.search(match["title"])
        for match in found
    )
