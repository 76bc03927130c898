"""The text of a proposed task, without title, tags, answers and decoration."""

import re
from collections.abc import Sequence

from selfinstruct.core.language.unicode_tokens import is_unspaced
from selfinstruct.core.method.numbering import without_symbols
from selfinstruct.core.method.values import is_no_task
from selfinstruct.core.method.vocabulary import Vocabulary

_QUOTES = {'"': '"', "“": "”", "'": "'", "‘": "’", "「": "」", "『": "』", "`": "`", "«": "»"}
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# These read what any model writes, also the same mark ten thousand times: adjacent repetitions of the same
# character are possessive or bounded, so that none takes more than linear time.
# Where words have no spaces between them, bold type begins and ends within a run of letters.
_SPACED = r"[0-9A-Za-z_\u00c0-\u052f]"
_BOLD = re.compile(
    rf"(?<!{_SPACED})\*\*(?=\S)((?:(?!\*\*).)+)(?<=\S)\*\*(?!{_SPACED})|^__(?=\S)(.+)(?<=\S)__$"
)
_ITALIC = re.compile(r"^([*_])(?=[^\s*_])([^*_]+)\1$")
_HASHTAGS = re.compile(r"(?<=[.?!。？！])(?:\s+#[^\W\d]\w*)+\s*$")
_TITLE = re.compile(
    r"^(?P<marks>\*\*\*|\*\*|__|\*|_)(?!\s)(?P<title>[^*\n]{1,60}?)"
    r"(?:[:：](?P=marks)|(?P=marks)\s*(?:[:：]|[–—-](?=\s)))\s*(?=\S)"
)
_BARE_TITLE = re.compile(
    r"^(?P<marks>\*\*\*|\*\*|__)(?!\s)(?P<title>[^*\n]{1,60}?)(?P=marks)\s+(?P<text>\S.*)$"
)
_LEADING_TAG = re.compile(
    r"^(?:\*\*|\*|`)?[\[(【（［](?P<tag>[^\W\d][^\[\]()【】（）\d:：]{0,28})[\])】）］](?:\*\*|\*|`)?\s*[:：–—-]?\s*(?=\S)"
)
_TRAILING_TAG = re.compile(
    r"(?P<end>[.?!。？！”\"'’」』)）])\s*[-–—|/／]?\s*[*_`]*+[\[(【（［{#|]?\s*[*_]*+"
    r"(?P<tag>[^\W\d][^\[\]()【】（）{}#|.?!。？！\d]{0,30}?)[*_]*+\s*[\])】）］}|]?[*_`]*+\s*$"
)
_ARROW = re.compile(r"(?<=[.?!。？！\"”'’」])\s*(?:→|⇒|->|=>|➜|➔|⟶)\s*.*$")
_ANY_ARROW = re.compile(r"^(?P<text>.+?)\s+(?:→|⇒|➜|➔|⟶)\s.*$")
_ANY_LEADING_TAG = re.compile(
    r"^(?:\*\*|`)?\[[^\W\d][^\[\]:：]{0,28}\](?:\*\*|`)?\s*[:：–—-]?\s*(?P<text>\S.*)$"
)
_ANY_TRAILING_TAG = re.compile(
    r"^(?P<text>.+?)\s*(?:(?<=\s)[-–—|]\s*)?[\[(（【*_]{1,6}(?P<known_tag>[^\W\d][^\[\]()（）【】*_]{0,28})[\])）】*_]{1,6}$"
)
_ANY_BRACKETED = re.compile(
    r"^(?P<text>.+[.?!。？！])\s*[-–—|]?\s*[*_`]*[\[(（【](?P<kind>[^\W\d][^\[\]()（）【】*_.?!。？！]{0,28})[\])）】][*_`]*$"
)
_ANY_TITLE = re.compile(
    r"^(?P<open>[\"“「『'‘])?(?P<title>[^\W\d_][^:：.?!。？！\n\"”」』]{0,40}?)(?(open)[\"”」』'’])"
    r"(?:\s*[:：]\s*|\s+[-–—]\s+)(?P<text>\S.*)$"
)
# A task in bold type with its answer behind it, or one with its answer in italics.
_ANY_ANSWER = re.compile(
    r"^(?:\*\*(?P<bold>[^*]+[.?!。？！])\*\*\s*(?P<answer>[^*]+)|(?P<plain>[^*]+[.?!。？！])\s*\*(?P<italic>[^*]+)\*)$"
)
_SENTENCE = re.compile(r"[.?!](?=\s)|[。？！]")
_TITLE_WORDS, _ANSWER_WORDS = 4, 4
_MOSTLY = 2 / 3
_ANY_QUOTES = re.compile(r"^(?P<open>[\"“「'‘«])(?P<text>(?:(?!(?P=open)).|(?<=\w)'(?=\w))+)[\"”」'’»]$")
_NUMBER_AGAIN = re.compile(r"^\(?(?P<number>\d{1,3})[.)]\s+(?=\S)")
ENDS = re.compile(r"[.?!。？！…]['\"’”」』»》)）\]*_`]*$")
"""The end of a sentence."""


def plain_items(items: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    """Strip the items of a list, and leave out those without words.

    What all items have is decoration, even where it might be part of a single one.
    """
    items = [" ".join(_BREAK.sub(" ", item).split()) for item in items]
    for decoration in (_ANY_ARROW, _ANY_LEADING_TAG, _ANY_TRAILING_TAG, _ANY_QUOTES):
        matches = [decoration.search(item) for item in items if item]
        found = [match["text"] for match in matches if match and (_is_known(match, vocabulary))]
        if len(found) > 1 and len(found) == len(matches):
            items = found
    items = _without_shared(items, vocabulary)
    plain = [plain_item(item, vocabulary) for item in items]
    return [item for item in plain if item and not is_no_task(item, vocabulary)]


def _without_shared(items: list[str], vocabulary: Vocabulary) -> list[str]:
    """Items without titles, kinds, answers and pictures, where each of them has one in the same place."""
    written = [item for item in items if item]
    if len(written) < 2:
        return items
    if all(without_symbols(item) != item for item in written):
        items = [without_symbols(item) for item in items]
        written = [item for item in items if item]
    kinds = [match for item in written if (match := _ANY_BRACKETED.match(item))]
    known = sum(match["kind"].casefold() in vocabulary.tags for match in kinds)
    if len(kinds) == len(written) and known >= _MOSTLY * len(kinds):
        return [match["text"] for match in kinds]
    for title in (_ANY_TITLE, _BARE_TITLE):
        titles = [match for item in written if (match := title.match(item))]
        if len(titles) == len(written) and _are_titles(titles, vocabulary):
            return [match["text"] for match in titles]
    answered = [match for item in written if (match := _ANY_ANSWER.match(item))]
    if len(answered) == len(written) and all(
        vocabulary.is_request(task) and not vocabulary.is_request(said) and _words(said) <= _ANSWER_WORDS
        for match in answered
        for task, said in [(match["bold"] or match["plain"], match["answer"] or match["italic"])]
    ):
        return [match["bold"] or match["plain"] for match in answered]
    return items


def _are_titles(matches: Sequence["re.Match[str]"], vocabulary: Vocabulary) -> bool:
    """Whether the texts before a colon or dash in all items are titles: short, different, no requests."""
    # What begins in Hiragana is rather a particle: it goes on with the bold word before it.
    if any(match.re is _BARE_TITLE and "ぁ" <= match["text"][0] <= "ゖ" for match in matches):
        return False
    titles = [match["title"].strip() for match in matches]
    requests = sum(vocabulary.is_request(match["text"]) for match in matches)
    return (
        len(set(titles)) > 1
        and requests >= _MOSTLY * len(matches)
        and all(
            _words(title) <= _TITLE_WORDS
            # Without spaces, a title may begin with a verb: the command below it then has one of its own.
            and (
                not vocabulary.is_request(title)
                or (is_unspaced(title[-1]) and vocabulary.opening.match(match["text"]) is not None)
            )
            for title, match in zip(titles, matches, strict=True)
        )
    )


def _is_known(match: "re.Match[str]", vocabulary: Vocabulary) -> bool:
    tag = match.groupdict().get("known_tag")
    return tag is None or tag.casefold() in vocabulary.tags


def plain_item(item: str, vocabulary: Vocabulary) -> str:
    """Strip an item's label, title, tags, answer, bold type and quotation marks; "" if it has no words."""
    item = " ".join(_BREAK.sub(" ", item).split())
    item = vocabulary.item_name.sub("", item)
    item = without_title(item, vocabulary)
    item = _without_answer(item, vocabulary)
    item = _without_tags(item, vocabulary)
    item = _ITALIC.sub(r"\2", _BOLD.sub(r"\1\2", item))
    item = vocabulary.item_name.sub("", item).strip()
    item = item.strip(";；").strip() if ENDS.search(item.rstrip(";；")) else item
    if len(item) > 1 and _QUOTES.get(item[0]) == item[-1] and item[0] not in item[1:-1]:
        item = item[1:-1].strip()
    return item if re.search(r"\w", item) else ""


def number_again(item: str) -> tuple[int, str] | None:
    """The repeated number at the start of an item's text, and the text after it."""
    match = _NUMBER_AGAIN.match(item)
    return (int(match["number"]), item[match.end() :]) if match else None


def is_title(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a line is only the title of the task below it."""
    bare = text.strip(" *_#:：")
    if (
        not bare
        or ENDS.search(text.strip(" *_#"))
        or _SENTENCE.search(bare)
        or len(bare.split()) > 6
        or len(bare) > 60
    ):
        return False
    marked = re.match(r"^\s*(?:\*\*|__|\*|_)[^*]+?(?:\*\*|__|\*|_)\s*[:：]?\s*$", text) is not None
    return not vocabulary.is_request(bare) or (marked and len(bare.split()) <= 3)


def without_title(item: str, vocabulary: Vocabulary) -> str:
    """Strip a title in bold or italics; an opening in bold that is part of the task stays."""
    match = _TITLE.match(item)
    if match is None:
        return _without_bare_title(item, vocabulary)
    title, rest = match["title"], item[match.end() :]
    whole = _words(title) <= 5 and not rest[0].islower()
    asks = vocabulary.opening.match(title) is not None or vocabulary.request.search(title) is not None
    rest_asks = vocabulary.is_request(rest.strip('*_"“「'))
    return rest if whole and (rest_asks or not asks) else item


def _without_bare_title(item: str, vocabulary: Vocabulary) -> str:
    """Strip a title in bold type with only a space behind it, if a capital shows that the task begins."""
    match = _BARE_TITLE.match(item)
    if match is None or _words(match["title"]) > 5 or vocabulary.is_request(match["title"]):
        return item
    begins = match["text"].lstrip("¿¡\"“«'")[:1].isupper()
    asks = begins and vocabulary.opening.match(match["text"]) is not None
    return match["text"] if asks and not ENDS.search(match["title"]) else item


def _words(text: str) -> int:
    return len(text.split()) if text.isascii() or " " in text.strip() else (len(text) + 3) // 4


def _without_answer(item: str, vocabulary: Vocabulary) -> str:
    """Cut off an answer on the same line: after an arrow, or after a name such as "Answer:"."""
    item = _ARROW.sub("", item)
    if match := vocabulary.answer_inside.search(item):
        item = item[: match.end("end")]
    return item


def _without_tags(item: str, vocabulary: Vocabulary) -> str:
    """Strip the kind of the task in brackets, before or after it."""
    match = _LEADING_TAG.match(item)
    if match:
        rest = item[match.end() :]
        tag = match["tag"].casefold().strip()
        titled = match[0].lstrip("*`")[0] in "【［" or (match["tag"][0].isupper() and not rest[0].islower())
        if tag in vocabulary.tags or (titled and vocabulary.is_request(rest)):
            item = rest
    item = _HASHTAGS.sub("", item)
    for _ in range(2):
        match = _TRAILING_TAG.search(item)
        if match is None or not _is_tag(match["tag"], item[match.start("end") + 1 :], vocabulary):
            break
        item = item[: match.end("end")]
    return item


def _is_tag(tag: str, written: str, vocabulary: Vocabulary) -> bool:
    parts = re.split(r"\s*[,/、，;]\s*", tag.casefold().strip())
    bracketed = any(mark in written for mark in "[(【（［{#|/／-–—*_`")
    return bracketed and all(part.removesuffix(" task") in vocabulary.tags for part in parts)
