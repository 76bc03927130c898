"""What a refusal teaches about the parameters of a request. Pure.

A lesson is an entry of what a workspace stores about an endpoint, by our own name of a parameter:

    "max_tokens": "max_completion_tokens"   is known there by another name
    "top_p": None                           is not sent
    "temperature>=": "0.01"                 is raised to this value; "<=" lowers it
    "top_p=0.5": None                       is not sent with this value
    "+stream": "true"                       is added, with this value as JSON
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from selfinstruct.core.endpoint.error_bodies import ToldError
from selfinstruct.db.records import Parameters

Lessons = dict[str, str | None]

TOKEN_LIMITS = ("max_tokens", "max_completion_tokens", "max_new_tokens", "max_output_tokens")
"""The names of the limit on tokens to generate; the first is ours."""

_LEAST_STEP = 0.01
"""How far inside an open interval a value is set."""

_STREAM: Lessons = {"+stream": "true", "+stream_options": '{"include_usage": true}'}
_STREAM_WANTED = re.compile(
    r"only supports? (?:the )?stream|stream(?:ing)?(?: mode| output)? (?:is|are) (?:required|mandatory)"
    r"|must (?:use|be) stream|requires? (?:the )?stream"
    r"|non-?stream\w*(?: \w+){0,4} (?:is |are )?(?:not |un)(?:\w+ )?(?:support|allow|availab)"
    r"|(?:not|n't) (?:support|allow)\w*(?: \w+){0,2} non-?stream"
    r"|enable (?:the )?[`'\"]?stream|set [`'\"]?stream[`'\"]?\s*(?:=|to)\s*true|use stream(?:ing|\s*=\s*true)"
    r"|stream[`'\"]?\s*(?:(?:must|should|has to) be (?:set to )?|=\s*)[`'\"]?true",
    re.IGNORECASE,
)
_SWITCH_WANTED = re.compile(
    r"(?<![\w.])(?:(?:parameters?|body|request|input)\.)?(?P<name>[a-z]\w{0,40}_\w{1,40})[`'\"]?"
    r" (?:must|should|has to|needs to) be (?:set to )?[`'\"]?(?P<value>true|false)\b",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"(?<!`)context[ _-]?(?:length|window|size|limit)|(?:exceed\w*|maximum|model'?s?|available) context|\bn_ctx\b"
    r"|context (?:of|the overflow)|max_(?:model|seq(?:uence)?)_len"
    r"|\b(?:prompt|input|message|request)s?\b[^.;]{0,40}\btoo (?:long|many tokens)\b|\btoo many (?:input )?tokens\b"
    r"|\binput (?:token count|length)\b|`?\binputs`? (?:tokens|must have)|maximum (?:sequence|prompt|input) length"
    r"|tokens? in (?:the|your) prompt|reduce (?:the length|your (?:prompt|message|input))",
    re.IGNORECASE,
)
_CONTEXT_CODES = re.compile(
    "context_length|context_size|string_above_max_length|prompt_too_long", re.IGNORECASE
)
_ONE_OF = re.compile(
    r"\bboth\b|\bonly (?:specify |use |set |provide )?one\b|mutually exclusive|\bnot both\b|\beither\b|simultaneous"
    r"|\btogether\b|at the same time|\balong(?:side)?\b|in combination|\bone or the other\b",
    re.IGNORECASE,
)
_OF_NAMES = re.compile(
    r"parameters? (?:is |are )?not (?:support|allow|permit)|(?:unsupported|unknown|unrecogni[sz]ed|unexpected|extra)"
    r"[ _]?(?:params?|parameters?|arguments?|fields?|keys?|propert|inputs?|keyword)|not support (?:the )?(?:param|argument)"
    r"|extra_forbidden|extra inputs|not permitted|unsupportedparams|only the default",
    re.IGNORECASE,
)
_REFUSING = re.compile(
    r"support|unknown|recogni[sz]|expected|permit|allow|forbid|invalid|not available|disabled|deprecat|cannot|can't"
    r"|\bmust\b|\bshould\b|\bonly\b|illegal|compatible|\bextra\b|no such|remove|unavailable|accept|implement|ignored|enabled|range|between|positive"
    r"|greater|larger|higher|less|lower|smaller|exceed|too (?:large|high|low|small)|[<>]",
    re.IGNORECASE,
)
_NUMBER = r"(-?\d+(?:,\d{3})*(?:\.\d+)?)"
_LEAST = (
    (
        re.compile(rf"(?:greater|more|larger|higher) than or equal to {_NUMBER}|>= ?{_NUMBER}|≥ ?{_NUMBER}"),
        False,
    ),
    (re.compile(rf"(?:at least|no less than|minimum(?: \w+)?(?: of| is|:)?) {_NUMBER}"), False),
    (re.compile(rf"(?:greater|more|larger|higher) than {_NUMBER}|(?<!\d )> ?{_NUMBER}"), True),
)
_MOST = (
    (re.compile(rf"(?:less|lower|smaller) than or equal to {_NUMBER}|<= ?{_NUMBER}|≤ ?{_NUMBER}"), False),
    (re.compile(rf"(?:at most|no more than|not exceed|up to) {_NUMBER}"), False),
    (re.compile(rf"(?:\bmaximum|\blimit|\bmax)\b(?: [a-z]+){{0,4}}(?: of| is|:)? {_NUMBER}"), False),
    (re.compile(rf"(?:less|lower|smaller) than {_NUMBER}|(?<!\d )< ?{_NUMBER}"), True),
)
_INTERVAL = re.compile(r"([\[(])\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*([\])])")
_BETWEEN = re.compile(
    rf"between {_NUMBER} and {_NUMBER}|(?:from|range:?) {_NUMBER} ?(?:to|\.\.|~|-) ?{_NUMBER}", re.IGNORECASE
)
_POSITIVE = re.compile(r"\b(?:strictly )?positive\b|non-?zero|(?:not|n't) be (?:0|zero)\b", re.IGNORECASE)


def adapted(parameters: Parameters, learned: Mapping[str, str | None]) -> Parameters:
    """Apply lessons: rename, leave out, bound and add parameters."""
    known: dict[str, Any] = {}
    for name, value in parameters.items():
        allowed = _bounded(name, value, learned)
        if name in learned and learned[name] is None or _value_key(name, allowed) in learned:
            continue
        known[learned.get(name) or name] = allowed
    for key, added in learned.items():
        name = key.removeprefix("+")
        if name != key and added is not None and name not in known and learned.get(name, name) is not None:
            known[name] = json.loads(added)
    return known


def lessons(error: ToldError, sent: Parameters, learned: Mapping[str, str | None]) -> Lessons:
    """Read from a refusal how to send the parameters; empty if it teaches nothing new.

    Args:
        error: The refusal.
        sent: The parameters that were sent, by their names at the endpoint.
        learned: What is known about the endpoint.
    """
    if is_about_context(error):
        return {}
    found = (
        _added(error.message, sent)
        or _renamed(error.message, sent)
        or _one_of_several(error.message, sent)
        or _refused(error, sent, learned)
    )
    return {key: value for key, value in found.items() if key not in learned or learned[key] != value}


def is_about_context(error: ToldError) -> bool:
    """Whether an error says that the request does not fit the model's context."""
    codes = " ".join(error.codes)
    return bool(_CONTEXT.search(error.message) or _CONTEXT_CODES.search(codes))


def _bounded(name: str, value: Any, learned: Mapping[str, str | None]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    for sign, choose in ((">=", max), ("<=", min)):
        bound = learned.get(f"{name}{sign}")
        if bound is not None:
            value = choose(value, json.loads(bound))
    return value


def _value_key(name: str, value: object) -> str:
    return f"{name}={json.dumps(value)}"


def _added(said: str, sent: Parameters) -> Lessons:
    """Read which parameter is missing: a switch by its name, or that answers are only streamed."""
    switch = _SWITCH_WANTED.search(said)
    if switch is not None and switch["name"] not in sent and switch["name"].lower() != "stream":
        return {f"+{switch['name']}": switch["value"].lower()}
    return dict(_STREAM) if "stream" not in sent and _STREAM_WANTED.search(said) else {}


def _renamed(said: str, sent: Parameters) -> Lessons:
    """Read by which name the token limit is known."""
    ours = next((name for name in TOKEN_LIMITS if name in sent), None)
    other = next((name for name in TOKEN_LIMITS if name != ours and _mentions(said, name)), None)
    if ours != TOKEN_LIMITS[0] or other is None or _bounds(said, sent[ours]) is not None:
        return {}
    return {ours: other}


def _one_of_several(said: str, sent: Parameters) -> Lessons:
    """Read which parameters exclude each other; the first of them stays."""
    named = [name for name in sent if name not in TOKEN_LIMITS and _mentions(said, name)]
    return dict.fromkeys(named[1:]) if len(named) > 1 and _ONE_OF.search(said) else {}


def _refused(error: ToldError, sent: Parameters, learned: Mapping[str, str | None]) -> Lessons:
    """Read which parameters are refused by name, and which for their value only."""
    said, found = error.message, Lessons()
    of_names = bool(_OF_NAMES.search(f"{said} {' '.join(error.codes)}"))
    named = _named(error, sent)
    for name in named:
        clause = said if len(named) == 1 else _clause(said, name, named)
        value, ours = sent[name], _ours(name, learned)
        bounds = _bounds(clause, value)
        if bounds is not None and not of_names:
            found |= _of_value(ours, value, bounds, learned)
        elif name in TOKEN_LIMITS:
            continue
        elif of_names or not _speaks_of_value(clause, name, value):
            found[ours] = None
        else:
            # Nothing says which value is allowed: the least above 0, where 0 is refused.
            nearest = (_LEAST_STEP, None) if name == "temperature" and value == 0 else (None, None)
            found |= _of_value(ours, value, nearest, learned)
    return found


def _ours(name: str, learned: Mapping[str, str | None]) -> str:
    return next((ours for ours, theirs in learned.items() if theirs == name and "=" not in ours), name)


def _of_value(
    name: str, value: Any, bounds: tuple[float | None, float | None], learned: Mapping[str, str | None]
) -> Lessons:
    """Bound a parameter; one that is refused within its bounds is not sent with that value."""
    least, most = bounds
    if name in TOKEN_LIMITS:
        least = None  # more tokens could cost more than was reserved
    if least is not None and value < least and f"{name}>=" not in learned:
        return {f"{name}>=": json.dumps(least)}
    if most is not None and value > most and f"{name}<=" not in learned and (least is None or most >= least):
        return {f"{name}<=": json.dumps(most)}
    return {} if name in TOKEN_LIMITS else {_value_key(name, value): None}


def _named(error: ToldError, sent: Parameters) -> list[str]:
    """Which of the sent parameters a refusal concerns."""
    if error.params:
        return [name for name in sent if any(_mentions(param, name) for param in error.params)]
    if not _REFUSING.search(error.message):
        return []
    return [name for name in sent if _mentions(error.message, name)]


def _mentions(said: str, name: str) -> bool:
    return next(_places(said, name), None) is not None


def _places(said: str, name: str) -> Iterator["re.Match[str]"]:
    """Find a parameter's name in a sentence: in snake, camel or kebab case, with or without quotes."""
    pattern = rf"(?<![A-Za-z0-9_]){'[ _-]?'.join(map(re.escape, name.split('_')))}(?![A-Za-z0-9_])"
    if name.isalpha() and name != "temperature":
        # An ordinary word: only quoted, as a field, or beside a word that says what it is.
        pattern = (
            rf"(?<=['\"`.:]){name}(?=['\"`:])|\A{name}(?=:|\Z)|(?<=: ){name}(?=[\s,.;)]|\Z)"
            rf"|(?:parameter|argument|field|option|propert(?:y|ies)|key)s?\W{{1,3}}{name}\b|\b{name} (?:parameter|argument|field)"
        )
    return re.finditer(pattern, said, re.IGNORECASE)


def _clause(said: str, name: str, named: list[str]) -> str:
    """The part of a message about one of several parameters: up to the next name or the sentence's end."""
    start = next((place.end() for place in _places(said, name)), 0)
    ends = [place.start() for other in named if other != name for place in _places(said, other)]
    ends += [stop.start() for stop in re.finditer(r"[.;](?:\s|\Z)", said)]
    return said[start : min((end for end in ends if end >= start), default=len(said))]


def _speaks_of_value(clause: str, name: str, value: object) -> bool:
    if re.search(r"\bvalue\b|out of range|\bmust be\b|\bshould be\b", clause, re.IGNORECASE):
        return True
    if isinstance(value, str | list | dict):
        return False
    told = rf"{re.escape(f'{value:g}')}(?:\.0+)?(?![\d.]*\d)"
    before = r"(?:\s|=|:|\bof\b|\bis\b|\bto\b|[`'\"(])+"
    return any(
        re.match(rf"{before}{told}", clause[place.end() :]) for place in _places(clause, name)
    ) or bool(re.match(rf"{before}{told}", clause) or re.search(rf"not support {told}", clause))


def _bounds(clause: str, value: Any) -> tuple[float | None, float | None] | None:
    """Read the least and the greatest allowed value; None if the clause names neither."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if (interval := _INTERVAL.search(clause)) is not None:
        try:
            least, most = float(interval[2]), float(interval[3])
        except ValueError:
            return None
        return _inside(least, is_open=interval[1] == "(", way=1), _inside(
            most, is_open=interval[4] == ")", way=-1
        )
    if (between := _BETWEEN.search(clause)) is not None:
        least, most = [_number(one) for one in between.groups() if one is not None]
        return least, most
    # "max_tokens: 20000 > 8192"
    compared = re.search(
        rf"{re.escape(f'{value:g}' if isinstance(value, float) else str(value))} ?([<>])=? ?{_NUMBER}", clause
    )
    if compared is not None:
        bound = _number(compared[2])
        return (None, bound) if compared[1] == ">" else (bound, None)
    found_least, found_most = _first(_LEAST, clause, 1), _first(_MOST, clause, -1)
    if found_least is None and _POSITIVE.search(clause):
        found_least = _LEAST_STEP
    return None if found_least is None and found_most is None else (found_least, found_most)


def _first(patterns: tuple[tuple["re.Pattern[str]", bool], ...], clause: str, way: int) -> float | None:
    for pattern, is_open in patterns:
        if (found := pattern.search(clause.lower())) is not None:
            return _inside(_number(next(one for one in found.groups() if one)), is_open=is_open, way=way)
    return None


def _number(text: str) -> float:
    number = float(text.replace(",", ""))
    return int(number) if number.is_integer() else number


def _inside(bound: float, *, is_open: bool, way: int) -> float:
    """Move the end of an open interval inside; whole numbers above 2 are limits on tokens."""
    if not is_open:
        return int(bound) if bound == int(bound) else bound
    return round(bound + way * (1 if abs(bound) > 2 else _LEAST_STEP), 4)
