"""Requests that do not fit a model's context: how large it is, and what a smaller request asks for. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from selfinstruct.core.endpoint.error_bodies import ToldError
from selfinstruct.core.endpoint.parameter_names import TOKEN_LIMITS
from selfinstruct.core.endpoint.refusals import REFUSALS
from selfinstruct.core.endpoint.too_long import is_about_context
from selfinstruct.db.records import Parameters, Stage

SHOWN: dict[Stage, str] = {
    "propose": "in_context",
    "classify": "in_context.classify",
    "instantiate": "in_context.instantiate",
}
"""The names under which a workspace stores a lower maximum of in-context tasks, or of examples."""
_LEAST_SHOWN: dict[Stage, int] = {"classify": 2}
"""One example of each label; other prompts can do with a single one."""

_LEAST_TOKENS, _LEAST_LABEL_TOKENS = 64, 16
"""Fewer tokens hold no whole task or instance, or no label."""
_LEAST_SHARE = 4
"""The part of the tokens for an answer that is still worth its price is one of so many."""
_MARGIN = 8
"""Tokens that are left free: servers count the tokens of the chat template differently."""

_NUMBER = r"((?<![\d,])\d[\d,]*)"
_SUM = re.compile(rf"{_NUMBER} \+ {_NUMBER} > {_NUMBER}")
"""As Anthropic writes it: the prompt and the answer that was asked for, and the context."""
_AT_LEAST = re.compile(r"(?:at least|more than|over) \Z", re.IGNORECASE)
_TO_LIMIT = (
    r"(?:(?:the|a|model|model's|allowed|maximum|max|limit|tokens?|number|length|of|total|size|input|prompt|is"
    r"|max_\w{1,20})[ :=]{1,3})*\(?"
)
"""What stands between "exceeds" and the number that is exceeded."""
_CONTEXT = re.compile(
    rf"context[ _-]?(?:length|window|size|limit)[^.\d]{{0,40}}?{_NUMBER}|context of(?: only)? {_NUMBER}"
    rf"|{_NUMBER}(?: tokens?)? (?:maximum )?context|<= ?{_NUMBER}|> ?{_NUMBER} maximum"
    rf"|tokens allowed \({_NUMBER}"
    rf"|max(?:imum)? (?:model|input|prompt|sequence) length[^.\d]{{0,20}}?{_NUMBER}"
    rf"|max_(?:model|seq(?:uence)?)_len\w*\W{{0,3}}{_NUMBER}"
    rf"|(?:exceed(?:s|ed|ing)?|(?:longer|larger|greater|more|less|fewer) than) {_TO_LIMIT}{_NUMBER}"
    rf"|\blimit(?:ed to| is| of|:) {_NUMBER}|\bat most {_NUMBER}"
    rf"|\bonly {_NUMBER}(?: tokens)? (?:are|is|remain)"
    rf"|max size: {_NUMBER}|[\d)] ?> ?{_NUMBER}",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    rf"{_NUMBER} (?:of )?(?:input|prompt|`?inputs`?) tokens"
    rf"|{_NUMBER} (?:tokens )?(?:in|from) (?:the|your) (?:input )?(?:messages|prompt|input)"
    rf"|request \({_NUMBER} tokens"
    rf"|prompt (?:contains|has|is too long:) {_NUMBER}|token count \({_NUMBER}"
    rf"|contains {_NUMBER} tokens"
    rf"|(?<!maximum )(?<!max )(?<!allowed )\b(?:prompt|inputs?)`?(?: tokens?| length| size| token count)?"
    rf" ?(?:\((?:length )?|=|:|is|of|has|contains)? ?{_NUMBER}"
    rf"|received {_NUMBER}|given: {_NUMBER}|current length is {_NUMBER}",
    re.IGNORECASE,
)
_OF_TOKENS = re.compile(r"context|token|prompt|input|sequence|max_length|\bn_ctx\b", re.IGNORECASE)
_OF_RATE = re.compile(r"\btokens?[ -]per[ -](?:min|minute|hour|day)\b|\bTP[MD]\b", re.IGNORECASE)
_RATE = re.compile(rf"\blimit:? {_NUMBER}\b.{{0,60}}?\brequested:? {_NUMBER}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ContextLimit:
    """What an error says about the model's context; None for what it does not say."""

    context: int | None
    """Its size in tokens."""
    prompt_tokens: int | None
    """The length of the prompt that was sent, in tokens."""

    @property
    def room(self) -> int | None:
        """Tokens that are left for the answer; None if unknown, negative if the prompt itself is too long."""
        if self.context is None or self.prompt_tokens is None:
            return None
        return self.context - self.prompt_tokens - _MARGIN


def is_too_long(status: int | None, error: ToldError) -> bool:
    """Whether a response says that the request does not fit the context, or what is taken at once."""
    if status in {413, 429} and is_about_rate(error):
        return _is_above_rate(error, unless_told=status == 413)
    if status == 413:
        return True
    # A server that took too long for a request says so with status 500.
    says_why = status != 500 or _OF_TOKENS.search(f"{' '.join(error.codes)} {error.message}")
    return status in REFUSALS and bool(says_why) and is_about_context(error)


def is_about_rate(error: ToldError) -> bool:
    """Whether an error is about a limit on tokens per minute or day."""
    return _OF_RATE.search(error.message) is not None


def _is_above_rate(error: ToldError, *, unless_told: bool) -> bool:
    """Whether a request asks for more than a rate limit ever allows, so that waiting does not help."""
    found = _RATE.search(error.message)
    return unless_told if found is None else _count(found[2]) > _count(found[1])


def in_context_at_most(learned: Mapping[str, str | None], stage: Stage) -> int | None:
    """Return the most in-context tasks or examples that refusals leave to a stage's prompt; None for all."""
    told = learned.get(SHOWN[stage])
    return None if told is None else int(told)


def fewer_in_context(shown: int, stage: Stage) -> int | None:
    """Return how many in-context tasks or examples a prompt has after one with so many was too long.

    None if it can have no fewer.
    """
    fewer = shown // 2
    return fewer if fewer >= _LEAST_SHOWN.get(stage, 1) else None


def context_limit(error: ToldError) -> ContextLimit:
    """Read the size of the context and of the prompt from an error."""
    if (told := _SUM.search(error.message)) is not None:
        return ContextLimit(_count(told[3]), _count(told[1]))
    return ContextLimit(_first(_CONTEXT, error.message), _first(_PROMPT, error.message))


def smaller(
    sent: Parameters, limit: ContextLimit, *, stage: Stage, thinking_tokens: int = 0
) -> Parameters | None:
    """Return parameters with a lower token limit, which may fit; None if none can.

    None as well if so few tokens are left that the answer would be paid for and then be cut: a shorter prompt
    is then the way.
    """
    name = next((name for name in TOKEN_LIMITS if name in sent), None)
    asked = sent.get(name) if name is not None else None
    if name is None or not isinstance(asked, int):
        return None
    fewer = asked // 2 if limit.room is None else min(asked, limit.room)
    least = _LEAST_LABEL_TOKENS if stage == "classify" else _LEAST_TOKENS
    least = max(least, (asked - thinking_tokens) // _LEAST_SHARE)
    return {**sent, name: fewer} if least <= fewer < asked else None


def asked_for(sent: Parameters) -> int | None:
    """Return the number of tokens that a request asks for."""
    asked = next((sent[name] for name in TOKEN_LIMITS if name in sent), None)
    return asked if isinstance(asked, int) else None


def too_long(error: ToldError, sent: Parameters, *, thinking_tokens: int) -> str:
    """Describe what does not fit, as a sentence without its end: the context, the request and its parts."""
    limit, asked = context_limit(error), asked_for(sent)
    size = f" of {limit.context:,} tokens" if limit.context is not None else ""
    prompt = "the prompt" if limit.prompt_tokens is None else f"a prompt of {limit.prompt_tokens:,} tokens"
    parts = f"{prompt} and up to {asked:,} tokens of answer" if asked is not None else prompt
    of_thoughts = f", {thinking_tokens:,} of them thinking_tokens" if thinking_tokens and asked else ""
    return f"The model's context{size} does not hold {parts}{of_thoughts}"


def _first(pattern: "re.Pattern[str]", said: str) -> int | None:
    found = pattern.search(said)
    if found is None:
        return None
    group = next(number for number, one in enumerate(found.groups(), 1) if one)
    # vLLM calculates a lower bound of the prompt from what was asked for.
    return None if _AT_LEAST.search(said[: found.start(group)]) else _count(found[group])


def _count(digits: str) -> int:
    return int(digits.replace(",", "")[:12])
