"""The answer to "is it a classification task?"."""

import json
import re
from collections.abc import Iterable
from typing import Any

from selfinstruct.core.answer_schemas import CLASSIFICATION
from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.broken_json import whole_members
from selfinstruct.core.method.json_answers import JsonItems, json_items, under_name
from selfinstruct.core.method.label_words import DECORATION, LabelWords, label_words
from selfinstruct.core.method.next_task import only_introduces, texts_before_tasks
from selfinstruct.core.method.reasoning import after_reasoning
from selfinstruct.core.method.vocabulary import NO_OWN_NAMES, OwnNames, vocabulary
from selfinstruct.db.records import Label

_LOOKED_AT = 1000
_SHORT, _FEW_WORDS = 20, 3
_TAG = re.compile(r"</?[a-z][\w-]{0,20}>")
_BOXED = re.compile(r"\$?\\boxed\{(?:\\text\{)?(?P<said>[^{}]{0,40})\}{1,2}\$?")
_QUESTION = re.compile(r"[^.!?。！？:：]{1,200}[?？]")
_SENTENCE_END = re.compile(r"[.!?。！？]\s*")
_CLAUSE_END = re.compile(r"[,.;:!?，。、；：！？]")
_STOP = re.compile(r"[,.;!?，。、；！？]")
_AFTER_FILLER = " ,.!…:;，。、！—–-"

# An object with the label that is no JSON: with other quotation marks, or without any.
_LOOSE = re.compile(
    r"\{[^{}]*?(?<!\w)\\?[\"'“”‘’]?(?:is[ _-]?)?classification(?:[ _-]?task)?\\?[\"'“”‘’]?\s*+[:：]\s*+"
    r"(?P<quote>\\?[\"'“‘])?(?P<value>[^,{}\n\"'“”‘’\\]{0,200})(?(quote)\\?[\"'”’]|[,}\n])",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"\{(?=\s*(?:\\?[\"'“‘]?\w|$))")


def label_of(text: str, code: str, own: OwnNames = NO_OWN_NAMES) -> Label:
    """The label that an answer states, `unknown` unless it is clear.

    Headings, names such as "Answer:" and the repeated question are skipped. The first line after them
    decides, and in it the opening word.
    """
    text = _BOXED.sub(r"\g<said>", after_reasoning(text, vocabulary(code, own)))
    stated, start = _in_object(text, code, own)
    if stated is None:
        return _of_text(text, code, own)
    for before in texts_before_tasks(text[:start], vocabulary(code, own)):
        said = _of_text(before, code, own)
        if not only_introduces(before, vocabulary(code, own)):
            return said
        if said not in {"unknown", stated}:
            return "unknown"
    return stated


def _in_object(text: str, code: str, own: OwnNames) -> tuple[Label | None, int]:
    """The label in JSON, or in an object that is none, and where that begins; None without a label in one."""
    if (found := json_items(text, CLASSIFICATION)) is not None:
        return _of_json(found, code, own), found.start
    if loose := list(_LOOSE.finditer(text)):
        words = label_words(code, own)
        return _agreed(_of_line(fold(match["value"]), words) for match in loose), loose[0].start()
    return None, 0


def _of_json(found: JsonItems, code: str, own: OwnNames) -> Label | None:
    """The label in JSON, if all that is in it agrees; None if it is not about the label."""
    if found.rest.startswith("{"):
        members = whole_members(found.rest)
        if asked := under_name(members, CLASSIFICATION):
            return _agreed(_from_json(value, code, own) for value in asked)
        return _from_json(dict(members), code, own, whole=False)
    if found.items and (found.as_asked or len(found.items) == 1 or not found.prose):
        return "unknown" if found.rest else _agreed(_from_json(item, code, own) for item in found.items)
    return None


def _agreed(labels: Iterable[Label]) -> Label:
    found = set(labels)
    return found.pop() if len(found) == 1 else "unknown"


def _of_text(text: str, code: str, own: OwnNames) -> Label:
    known, words = vocabulary(code, own), label_words(code, own)
    lines = [line[:_LOOKED_AT] for line in text.splitlines() if re.search(r"\w", line)]
    for number, full in enumerate(lines):
        opened = _OBJECT.search(full)
        line = full[: opened.start()] if opened else full
        if opened and (not re.search(r"\w", line) or line.rstrip(" *_`").endswith((":", "：", "?", "？"))):
            return _of_object(full[opened.start() :], code, own)
        folded = fold(line).strip()
        last = number == len(lines) - 1
        asked = list(words.question.finditer(folded))
        if asked:
            after = folded[asked[-1].end() :]
            if not re.search(r"\w", after) and (not last or folded.rstrip(" *_`").endswith(":")):
                continue
            return _of_line(after if re.search(r"\w", after) else folded, words)
        name, colon, after = _named(folded)
        meaning = known.meaning(name) if name else None
        if meaning is not None and meaning.kind == "task" and not last:
            continue
        bare = re.sub(r"^\W+|\W+$", "", folded)
        if (
            not last
            and (line.lstrip().startswith("#") or known.meaning(bare) is not None)
            and _of_line(folded, words) == "unknown"
        ):
            continue
        if colon and (meaning is not None or name in known.under_task):
            return _of_line(after, words)
        label = _of_line(folded, words)
        repeated = _QUESTION.fullmatch(_bare(folded).rstrip(" *_`\"'")) and _repeats(_bare(folded), words)
        if not last and label == "unknown" and (repeated or known.is_lead_in(line)):
            continue
        # "Yes, here it is:" only opens an answer where a bare yes or no follows.
        if not last and line.rstrip(" *_").endswith((":", "：")) and known.is_lead_in(line):
            below = re.sub(r"^[\W_]+|[\W_]+$", "", fold(lines[number + 1]))
            label = next((said for plain, said in words.plain if plain.match(below)), label)
        return label
    return "unknown"


def _of_object(text: str, code: str, own: OwnNames) -> Label:
    """The label in braces at the end of a line: in an object with any names, or in braces alone."""
    try:
        return _from_json(json.loads(text.rstrip(" .`*"), strict=False), code, own)
    except (ValueError, RecursionError):
        is_word = text.rstrip().endswith("}") and ":" not in text
        return _of_line(fold(text), label_words(code, own)) if is_word else "unknown"


def _named(folded: str) -> tuple[str, str, str]:
    """A name, the colon after it and the rest of a line; empty if it has none."""
    match = re.match(r"^\W*([^\W\d_][^:：]{0,30}?)\W*([:：])(.*)$", folded)
    return (match[1], match[2], match[3]) if match else ("", "", folded)


def _of_line(folded: str, words: LabelWords) -> Label:
    """The label that one line states: by its opening word, or else by what it says of the task."""
    said = _bare(_TAG.sub(" ", folded))
    question = None if words.unclear.match(said) else _QUESTION.match(said)
    if question is None:
        return _of_statement(said, words)
    asked, rest = question[0], said[question.end() :]
    if not re.search(r"\w", rest):
        return "unknown" if _repeats(asked, words) else _of_statement(said, words)
    after, opening = _of_statement(_bare(rest), words), words.opening.match(asked)
    if opening is None or _repeats(asked, words):
        return after
    own = _of_statement(asked, words)
    return own if after in {"unknown", own} else "unknown"


def _repeats(question: str, words: LabelWords) -> bool:
    """Whether a question is the one that was asked, and not one behind an answer."""
    opening = words.opening.match(question)
    answered = opening is not None and re.match(r"\s*[^\w\s?？]", question[opening.end() :]) is not None
    return words.about.search(question) is not None and not answered


def _bare(text: str) -> str:
    return re.sub(rf"^{DECORATION}", "", text)


def _of_statement(said: str, words: LabelWords) -> Label:
    """The label behind words such as "well"; one that means yes or no itself counts if no other follows."""
    filler = words.filler.match(said)
    whole = words.only_yes.match(said) or words.only_no.match(said) or words.unclear.match(said)
    if filler and filler.end() < len(said) and not whole:
        opening = words.opening.match(said)
        label = _of_words(said[filler.end() :], words)
        if label != "unknown" or opening is None or opening.end() < len(filler[0].rstrip(_AFTER_FILLER)):
            return label
    return _of_words(said, words)


def _of_words(said: str, words: LabelWords) -> Label:
    # That it is not the other kind does not say that it is this one.
    told = _bare(words.is_not_other.sub(" ", said))
    if not told or words.unclear.match(said):
        return "unknown"
    if words.only_yes.match(told):
        return "classification"
    if words.only_no.match(told):
        return "generation"
    opening = None if words.determiner.match(told) else words.opening.match(told)
    if opening and not words.is_not.match(told) and not words.is_other.match(told):
        yes = opening["yes"] is not None
        unclear = opening["or"] and yes == (opening["no2"] is not None)
        denied_other = words.is_not_other.search(said) is not None and not words.is_not.search(told)
        if unclear or (denied_other and not yes) or _contradicts(told, opening, words, yes=yes):
            return "unknown"
        return "classification" if yes else "generation"
    if denied := words.is_not.search(told) or words.is_other.search(told):
        return _of_denial(told, denied, words)
    if stated := words.is_one.search(told):
        return "classification" if _is_meant(told, stated, words) else "unknown"
    return _of_later(told, words)


def _of_denial(said: str, denied: "re.Match[str]", words: LabelWords) -> Label:
    """The label of a text that says that it is no classification task, or that it is of the other kind."""
    clause = _CLAUSE_END.split(said[: denied.end()])[-1]
    stated_before = words.is_one.search(said, 0, denied.start())
    twice = len(words.negated_before.findall(clause)) > 1
    depends = words.condition.search(_sentence(said, denied.start()))
    unclear = stated_before or twice or depends or _is_stated(said[denied.end() :], words)
    return "unknown" if unclear else "generation"


def _is_meant(said: str, stated: "re.Match[str]", words: LabelWords) -> bool:
    """Whether a statement is neither denied, nor made under a condition, nor taken back behind it."""
    before = _CLAUSE_END.split(said[: stated.end()])[-1]
    after = _CLAUSE_END.split(said[stated.start() :])[0]
    if words.negated_before.search(before) or words.negated_after.search(after):
        return False
    if words.condition.search(_sentence(said, stated.start())):
        return False
    rest = said[stated.end() :]
    if (but := words.but.search(rest)) and _denies(rest[but.end() :], words):
        return False
    return not any(
        match["no"] and not _has_words(rest[match.end() :]) for match in words.later.finditer(rest)
    )


def _denies(text: str, words: LabelWords) -> bool:
    return (words.negated_before.search(text) or words.negated_after.search(text)) is not None


def _is_stated(said: str, words: LabelWords) -> bool:
    """Whether a text says somewhere that it is a classification task."""
    return any(_is_meant(said, stated, words) for stated in words.is_stated.finditer(said))


def _of_later(said: str, words: LabelWords) -> Label:
    """The label of a text with a yes or no somewhere behind its beginning."""
    found = set()
    for match in words.later.finditer(said):
        if words.condition.search(_sentence(said, match.start())):
            return "unknown"
        clause = _STOP.split(said[: match.start()])[-1] if _has_words(match[0][:1]) else ""
        found.add("unknown" if words.negated_before.search(clause) else match["yes"] is not None)
    if len(found) != 1 or "unknown" in found:
        return "unknown"
    return "classification" if found.pop() else "generation"


def _has_words(text: str) -> bool:
    return re.search(r"\w", text) is not None


def _sentence(said: str, at: int) -> str:
    """The sentence at a place in a text."""
    start = max((end.end() for end in _SENTENCE_END.finditer(said, 0, at)), default=0)
    after = _SENTENCE_END.search(said, at)
    return said[start : after.start() if after else len(said)]


def _contradicts(said: str, opening: "re.Match[str]", words: LabelWords, *, yes: bool) -> bool:
    """Whether what follows takes a yes or no back: "No, wait. Yes.", "Yes, so it is not classification"."""
    rest = said[opening.end() :]
    *before, last = _SENTENCE_END.split(re.sub(r"[\W_]+$", "", rest))
    if (before and words.plain[yes][0].match(last)) or words.taken_back[yes].search(rest):
        return True
    if words.about.search(opening[0]) and not _is_meant(said, opening, words):
        return True
    if not yes:
        return _is_stated(rest, words)
    denied = any(words.about.search(match[0]) for match in words.is_not.finditer(rest))
    return denied or words.is_other_stated.search(rest) is not None


def _from_json(item: Any, code: str, own: OwnNames, *, whole: bool = True) -> Label:
    """The label in a JSON value; in an object, its first member with one, rather short than in a sentence.

    Of an object that was cut, only short members count: the label may have been meant to follow a reason.
    """
    values = list(item.values()) if isinstance(item, dict) else [item]
    labels: list[tuple[bool, Label]] = []
    for value in values:
        if isinstance(value, bool):
            labels.append((True, "classification" if value else "generation"))
        elif isinstance(value, str) and (label := label_of(value[:200], code, own)) != "unknown":
            labels.append((len(value) <= _SHORT and len(value.split()) <= _FEW_WORDS, label))
    short = (label for is_short, label in labels if is_short)
    return next(short, labels[0][1] if labels and whole else "unknown")
