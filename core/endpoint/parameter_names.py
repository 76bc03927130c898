"""Names of parameters in the sentences of servers: where one is spoken of, and which replaces which. Pure."""

import re
from collections.abc import Iterator

from selfinstruct.core.endpoint.error_bodies import ToldError
from selfinstruct.core.endpoint.value_bounds import value_bounds
from selfinstruct.db.records import Parameters

TOKEN_LIMITS = ("max_tokens", "max_completion_tokens", "max_new_tokens", "max_output_tokens")
"""The names of the limit on tokens to generate; the first is ours."""

SENTENCE_END = re.compile(r"[.;!?](?:\s|\Z)|[。；！？]")

_ADVISED = re.compile(
    r"(?:\b(?:use|using|renamed(?: to)?|replaced (?:by|with)|superseded by|favou?r of"
    r"|(?:switch|migrate|changed) to|did you mean|called|named|missing|requires?|required|expect(?:s|ed)"
    r"|instead[:,]|instead of [`'\"]?\w{3,40}[`'\"]?[:,]?)|使用|改用|改为|替换为|替換為|缺少)"
    r"(?: (?:the|a|required|new|parameter|field|argument|property|key|name))*\s?:?\s?[`'\"“‘(]?\Z",
    re.IGNORECASE,
)
"""What stands before the name that a server wants."""
_ADVISED_BY = re.compile(
    r"[`'\"”’)]? (?:instead\b|(?:is|are) (?:a )?(?:required|missing|mandatory)"
    r"|(?:should|must|has to) be (?:used|set|provided)\b)(?! to \W*\d)",
    re.IGNORECASE,
)
"""What stands behind it."""
_VALUE_FOLLOWS = re.compile(
    r"[`'\"”’)]?\s*(?:[=<>≤≥\d]"
    r"|(?:of|below|under|above|over|up to|at most|lower|higher|smaller|larger|less|more|that)\b)",
    re.IGNORECASE,
)
_NAME_REFUSED = re.compile(
    r"(?:not|n't|no longer) (?:an? |yet |currently )*"
    r"(?:support|allow|permit|known|recogni[sz]|accept|valid|available|implement|exist)"
    r"|\bun(?:supported|known|recogni[sz]ed|expected)\b"
    r"|\b(?:deprecated|obsolete|removed|renamed|replaced|forbidden|extra)\b"
    r"|\b(?:invalid|illegal) (?:request )?(?:param|arg|field|name|key|propert)|no such|cannot find"
    r"|不支持|未知",
    re.IGNORECASE,
)
_OF_SIZE = re.compile(
    r"\b(?:larger?|long(?:er)?|length|exceed\w*|above|over|than|higher|lower|greater|limit(?:ed)?|too|value|beyond)\b",
    re.IGNORECASE,
)
_REQUIRED = re.compile(r"\b(?:required|missing)\b", re.IGNORECASE)


def renamed(error: ToldError, sent: Parameters) -> dict[str, str | None]:
    """Read by which name the token limit is known; empty if the message only mentions another name.

    A sentence must say that the sent name is not known there, or that the other one is wanted: other names
    also stand in sentences about lengths and limits.
    """
    said, ours = error.message, TOKEN_LIMITS[0]
    if ours not in sent or value_bounds(said, sent[ours]) is not None or _is_wanted(said, ours):
        return {}
    others = [name for name in TOKEN_LIMITS if name not in sent]
    wanted = [name for name in others if _is_wanted(said, name)]
    if not wanted and _REQUIRED.search(said):
        wanted = [name for name in others if any(mentions(param, name) for param in error.params)]
    if not wanted and any(_refuses(sentence, ours) for sentence in SENTENCE_END.split(said)):
        wanted = [name for name in others if mentions(said, name)]
    return {ours: wanted[0]} if wanted else {}


def _is_wanted(said: str, name: str) -> bool:
    return any(
        _ADVISED_BY.match(said, place.end())
        or (
            _ADVISED.search(said[max(0, place.start() - 100) : place.start()])
            and not _VALUE_FOLLOWS.match(said, place.end())
        )
        for place in places(said, name)
    )


def _refuses(sentence: str, name: str) -> bool:
    return bool(mentions(sentence, name) and _NAME_REFUSED.search(sentence) and not _OF_SIZE.search(sentence))


def mentions(said: str, name: str) -> bool:
    """Whether a text speaks of a parameter."""
    return next(places(said, name), None) is not None


def places(said: str, name: str) -> Iterator["re.Match[str]"]:
    """Find a parameter's name in a sentence: in snake, camel or kebab case, with or without quotes."""
    pattern = rf"(?<![A-Za-z0-9_]){'[ _-]?'.join(map(re.escape, name.split('_')))}(?![A-Za-z0-9_])"
    if name.isalpha() and name != "temperature":
        pattern = _word(name)
    return re.finditer(pattern, said, re.IGNORECASE)


def _word(name: str) -> str:
    """A pattern for a name that is an ordinary word, such as stop.

    It is one only where it is quoted, a field, beside a word that says what it is, beside another name, the
    subject of a sentence that refuses it, or the object of one.
    """
    refused = (
        r"(?:(?:is|are|was|were)(?: \w+)? (?:not|un\w+|in(?:valid|compatible)|forbidden|disabled|deprecated"
        r"|refused|rejected|ignored|no longer|only)\b|(?:isn|aren)['’]t\b"
        r"|(?:cannot|can['’]t|can not|must not|may not|should not) be\b|not (?:support|allow|permit|accept)"
        r"|(?:unsupported|forbidden|no longer)\b)"
    )
    quote, joined = r"[`'\"]?", r"(?:,|,? and|,? or|,? nor| &|/)"
    return (
        rf"(?<=['\"`.:]){name}(?=['\"`:])|\A{name}(?=:|\Z)|(?<=: ){name}(?=[\s,.;)]|\Z)"
        rf"|(?:parameter|argument|field|option|propert(?:y|ies)|key)s?\W{{1,3}}{name}\b"
        rf"|\b{name} (?:parameter|argument|field)"
        rf"|_[a-z]{{1,30}}{quote}{joined} ?{name}\b|\b{name}{quote}{joined} ?{quote}[a-z]{{1,30}}_"
        rf"|(?:\A|(?<=[.;:,!?] )|(?<=\band )|(?<=\bor )|(?<=\bthe )){name}"
        rf"(?: (?:and|or) \w{{1,40}})? {refused}"
        rf"|(?:(?:not|n't|cannot) (?:support|allow|permit|accept|recogni[sz]e|know|implement|take|use|set)"
        rf"|\b(?:unsupported|unknown|unexpected|unrecogni[sz]ed|remove|omit|drop))(?: the)? {name}"
        r"(?= (?:with|on|for|in|and|or|when|here|at|from)\b|[,.;)!]|\Z)"
    )
