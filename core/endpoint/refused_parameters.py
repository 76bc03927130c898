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
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from selfinstruct.core.endpoint.error_bodies import ToldError
from selfinstruct.core.endpoint.parameter_names import TOKEN_LIMITS, mentions, places, renamed
from selfinstruct.core.endpoint.too_long import is_about_context
from selfinstruct.core.endpoint.value_bounds import LEAST_STEP, Bounds, value_bounds
from selfinstruct.db.records import Parameters

Lessons = dict[str, str | None]

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
_ONE_OF = re.compile(
    r"\bboth\b|\bonly (?:specify |use |set |provide )?one\b|mutually exclusive|\beither\b|simultaneous"
    r"|\btogether\b|at the same time|\balong(?:side)?\b|in combination|\bone or the other\b",
    re.IGNORECASE,
)
_OF_NAMES = re.compile(
    r"parameters? (?:is |are )?not (?:support|allow|permit)|not support (?:the )?(?:param|argument)"
    r"|(?:unsupported|unknown|unrecogni[sz]ed|unexpected|extra)"
    r"[ _]?(?:params?|parameters?|arguments?|fields?|keys?|propert|inputs?|keyword)"
    r"|extra_forbidden|not permitted|unsupportedparams|only the default",
    re.IGNORECASE,
)
_REFUSING = re.compile(
    r"support|unknown|recogni[sz]|expected|permit|allow|forbid|invalid|available|disabled|deprecat|cannot"
    r"|can't|\bmust\b|\bshould\b|\bonly\b|illegal|compatible|\bextra\b|no such|remove|accept|implement"
    r"|ignored|enabled|range|between|positive|greater|larger|higher|less|lower|smaller|exceed"
    r"|too (?:large|high|low|small)|[<>]",
    re.IGNORECASE,
)

_FAMILIES = (
    (re.compile(r"\bpenalt(?:y|ies)\b", re.IGNORECASE), "_penalty"),
    (re.compile(r"\bstop(?:ping)? (?:sequence|word|string|token)s?\b", re.IGNORECASE), "stop"),
)
"""Words for a whole family of parameters, and how the names of its members end."""
_DISPENSABLE = ("presence_penalty", "top_p", "temperature", "stop")
"""Parameters that can be left out, the one that matters least first."""


def adapted(parameters: Parameters, learned: Mapping[str, str | None]) -> Parameters:
    """Apply lessons: rename, leave out, bound and add parameters."""
    if not learned:
        return parameters
    known: dict[str, Any] = {}
    for name, value in parameters.items():
        allowed = _bounded(name, value, learned)
        if (name in learned and learned[name] is None) or _value_key(name, allowed) in learned:
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
        or renamed(error, sent)
        or _one_of_several(error.message, sent)
        or _refused(error, sent, learned)
    )
    return {key: value for key, value in found.items() if key not in learned or learned[key] != value}


def without_one(sent: Parameters, learned: Mapping[str, str | None]) -> Lessons:
    """Leave out one more parameter, where a refusal names none; empty if all that is left is needed."""
    ours = {_ours(name, learned) for name in sent}
    return dict.fromkeys([name for name in _DISPENSABLE if name in ours][:1])


def concerning(error: ToldError, sent: Parameters) -> ToldError:
    """Keep of the fields that an error concerns those that name something in the request.

    Some servers give the kind of the error there, or say `body`; the message then says what is refused.
    """
    return replace(
        error, params=tuple(one for one in error.params if any(mentions(one, name) for name in sent))
    )


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


def _one_of_several(said: str, sent: Parameters) -> Lessons:
    """Read which parameters exclude each other; the first of them stays."""
    named = [name for name in sent if name not in TOKEN_LIMITS and mentions(said, name)]
    return dict.fromkeys(named[1:]) if _ONE_OF.search(said) else {}


def _refused(error: ToldError, sent: Parameters, learned: Mapping[str, str | None]) -> Lessons:
    """Read which parameters are refused by name, and which for their value only."""
    said, found = error.message, Lessons()
    of_names = bool(_OF_NAMES.search(f"{said} {' '.join(error.codes)}"))
    named = _named(error, sent)
    for name in named:
        clause = said if len(named) == 1 else _clause(said, name, named)
        value, ours = sent[name], _ours(name, learned)
        bounds = value_bounds(clause, value)
        if bounds is not None and not of_names:
            found |= _of_value(ours, value, bounds, learned)
        elif name in TOKEN_LIMITS:
            continue
        elif of_names or not isinstance(value, int | float) or not _speaks_of_value(clause, name, value):
            found[ours] = None
        else:
            # Nothing says which value is allowed: the least above 0, where 0 is refused.
            nearest = (LEAST_STEP, None) if name == "temperature" and value == 0 else (None, None)
            found |= _of_value(ours, value, nearest, learned)
    return found


def _ours(name: str, learned: Mapping[str, str | None]) -> str:
    return next((ours for ours, theirs in learned.items() if theirs == name and "=" not in ours), name)


def _of_value(name: str, value: Any, bounds: Bounds, learned: Mapping[str, str | None]) -> Lessons:
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
        return [name for name in sent if any(mentions(param, name) for param in error.params)]
    if not _REFUSING.search(error.message):
        return []
    named = [name for name in sent if mentions(error.message, name)]
    endings = tuple(ending for word, ending in _FAMILIES if word.search(error.message))
    return named or [name for name in sent if name.endswith(endings)]


def _clause(said: str, name: str, named: list[str]) -> str:
    """The part of a message about one of several parameters: up to the next name or the sentence's end."""
    start = next((place.end() for place in places(said, name)), 0)
    ends = [place.start() for other in named if other != name for place in places(said, other)]
    ends += [stop.start() for stop in re.finditer(r"[.;](?:\s|\Z)", said)]
    return said[start : min((end for end in ends if end >= start), default=len(said))]


def _speaks_of_value(clause: str, name: str, value: float) -> bool:
    if re.search(r"\bvalue\b|out of range|\bmust be\b|\bshould be\b", clause, re.IGNORECASE):
        return True
    told = rf"{re.escape(f'{value:g}')}(?:\.0+)?(?![\d.]*\d)"
    before = r"(?:\s|=|:|\bof\b|\bis\b|\bto\b|[`'\"(])+"
    return any(re.match(rf"{before}{told}", clause[place.end() :]) for place in places(clause, name)) or bool(
        re.match(rf"{before}{told}", clause) or re.search(rf"not support {told}", clause)
    )
