"""The forms in which an endpoint can be asked for JSON, and what its refusals teach about them."""

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from selfinstruct.core.answer_schemas import RESPONSE_FORMAT
from selfinstruct.core.endpoint.refused_parameters import concerning
from selfinstruct.core.endpoint.responses import read_error
from selfinstruct.db.records import AnswerKind, Parameters

Form = Literal["json_schema", "json_object with schema", "json_object", "text"]
"""How a request asks for its answer; each form is tried when the endpoint has refused the one before it."""

TEXT: Form = "text"

FORM = "answers"
"""The name under which a workspace stores the form that an endpoint accepts."""

PROMPTS = "prompts"
"""The name under which a workspace stores that prompts for an endpoint ask for text."""

_FORMS: tuple[Form, ...] = get_args(Form)
_NAMED = re.compile(
    r"response[_ ]?(?:format|schema|mime)|json[_ ]?(?:schema|object|mode)|structured[_ ]?outputs?"
    r"|guided[_ ]?(?:json|decoding)|contain the word \W?json\b"
    r"|(?:pars|invalid|compil|support)\w* (?:the |a )?grammar|\bgrammars? (?:error|compil|pars|is |are )",
    re.IGNORECASE,
)
_LOOKED_AT = 4000


class AnswerForms:
    """The form in which a model is asked for JSON.

    Args:
        answers: What the user wants to be asked for.
        learned: What has been learned about the endpoint so far; read again at each use.
        is_set: Whether the user has set `response_format`, which then stays as it is.
    """

    def __init__(self, answers: AnswerKind, learned: Mapping[str, str | None], *, is_set: bool) -> None:
        self._answers = answers
        self._learned = learned
        self._is_set = is_set

    def apply(self, parameters: Parameters) -> Parameters:
        """Bring `response_format`, if any, into the form that the endpoint accepts; drop it for text."""
        full = parameters.get(RESPONSE_FORMAT)
        form = self._form
        if not isinstance(full, dict) or form == "json_schema":
            return parameters
        asked: dict[str, Any] = {"type": "json_object"}
        if form == "json_object with schema":
            asked["schema"] = full["json_schema"]["schema"]
        others = {name: value for name, value in parameters.items() if name != RESPONSE_FORMAT}
        return others if form == TEXT else {**others, RESPONSE_FORMAT: asked}

    def is_refused(self, body: bytes, sent: Parameters) -> bool:
        """Whether a refusal with this body is about the form in which the request asked for JSON."""
        if self._asked(sent) is None:
            return False
        told = concerning(read_error(body), sent)
        said = " ".join(told.params) or told.message
        return _NAMED.search(said or body[:_LOOKED_AT].decode(errors="replace")) is not None

    def simpler(self, sent: Parameters) -> Form | None:
        """The form to try after that of a request; None if there is none, or the user insists on JSON."""
        asked = self._asked(sent)
        if asked is None:
            return None
        # Another request may have come further meanwhile.
        form = _FORMS[max(_FORMS.index(asked) + 1, _FORMS.index(self._form))]
        return None if form == TEXT and self._answers == "json" else form

    def _asked(self, sent: Parameters) -> Form | None:
        """The form in which a request asked for JSON; None if it did not, or as the user has set it."""
        asked = sent.get(RESPONSE_FORMAT)
        if self._is_set or not isinstance(asked, dict):
            return None
        if "json_schema" in asked:
            return "json_schema"
        return "json_object with schema" if "schema" in asked else "json_object"

    @property
    def _form(self) -> Form:
        if self._answers == "text":
            return TEXT
        known = self._learned.get(FORM)
        form = next((form for form in _FORMS if form == known), _FORMS[0])
        return _FORMS[0] if form == TEXT and self._answers == "json" else form
