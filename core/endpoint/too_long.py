"""Errors that say that a request does not fit the model's context, in the words of many servers. Pure."""

import re

from selfinstruct.core.endpoint.error_bodies import ToldError
from selfinstruct.core.endpoint.parameter_names import SENTENCE_END

_CONTEXT = re.compile(
    r"(?<!`)context[ _-]?(?:length|window|size|limit)|context (?:of|the overflow)|\bn_ctx\b"
    r"|(?:exceed\w*|maximum|model'?s?|available) context|max_(?:model|seq(?:uence)?)_len"
    r"|\b(?:prompt|input|message|request)s?\b[^.;]{0,40}(?<!took )(?<!takes )(?<!taking )(?<!taken )"
    r"\btoo (?:long|many tokens)\b"
    r"|\b(?:prompt|input|message)s? (?:is|are) longer than\b"
    r"|\btoo many (?:input )?tokens\b|\binput (?:token count|length)\b|`?\binputs`? (?:tokens|must have)"
    r"|maximum (?:sequence|prompt|input) length|tokens? in (?:the|your) prompt"
    r"|reduce (?:the length|your (?:prompt|message|input))"
    r"|\b(?:model(?:'s)?|total) tokens? limit"
    r"|\btokens? limit(?: of [\d,]+)? (?:is |was )?(?:exceeded|reached)"
    r"|max(?:imum)? model length|\bsession_len\b|max size: [\d,]+ tokens"
    r"|(?:上下文|输入|輸入|提示词|提示詞|prompt|tokens?)[^。；]{0,20}(?:超过|超過|超出|超限|超长|超長|过长|過長)",
    re.IGNORECASE,
)
_CODES = re.compile("context_length|context_size|string_above_max_length|prompt_too_long", re.IGNORECASE)

_PROMPT = re.compile(
    r"\b(?:prompt|input|inputs|messages?|conversation|(?<!stop )sequence|total|sum|combined)\b(?! should)"
    r"|\btokens? (?:from|of|in) (?:the )?request",
    re.IGNORECASE,
)
_REQUEST = re.compile(r"\brequest(?:ed tokens)?\b", re.IGNORECASE)
_OF_ANSWER = re.compile(r"\b(?:output|completion|generated|new)\b|max_\w{0,20}tokens", re.IGNORECASE)
_TOKENS = re.compile(r"\b(?:tokens?|lengths?|completion)\b", re.IGNORECASE)
_ABOVE = re.compile(
    r"\b(?:exceed|surpass|overflow)\w*|\b(?:over|above|beyond)\b|\btoo (?:large|big)\b"
    r"|(?<!must be )(?<!should be )(?<!must have )(?<!should have )(?<!to be )"
    r"\b(?:longer|larger|greater|more|bigger|higher) than\b"
    r"|(?:must|should|can|may|has to|needs to|have to)\b[^,]{0,20}"
    r"(?:<=|≤|\b(?:less|fewer|smaller|shorter) than\b|\bat most\b|\bno more than\b)"
    r"|(?<=[\d)]) ?> ?\d|\bonly [\d,]+(?: tokens)? (?:are|is|remain)"
    r"|\b(?:do|does)(?: not|n't) fit\b",
    re.IGNORECASE,
)


def is_about_context(error: ToldError) -> bool:
    """Whether an error says that the request does not fit the model's context."""
    if _CONTEXT.search(error.message) or _CODES.search(" ".join(error.codes)):
        return True
    return any(_says_above(sentence) for sentence in SENTENCE_END.split(error.message))


def _says_above(sentence: str) -> bool:
    """Whether a sentence says that the tokens of a prompt, alone or with the answer, are above a limit."""
    of_prompt = _PROMPT.search(sentence) or (_REQUEST.search(sentence) and not _OF_ANSWER.search(sentence))
    return bool(of_prompt and _TOKENS.search(sentence) and _ABOVE.search(sentence))
