"""The forms in which an endpoint can be asked for JSON, and what its refusals teach about them."""

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from selfinstruct.core.answer_schemas import RESPONSE_FORMAT
from selfinstruct.core.endpoint.responses import read_error
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.setting_names import setting
from selfinstruct.db.records import AnswerKind, Parameters

Form = Literal["json_schema", "json_object with schema", "json_object", "text"]
"""How a request asks for its answer; each form is tried when the endpoint has refused the one before it."""

TEXT: Form = "text"

FORM = "answers"
"""The name under which a workspace stores the form that an endpoint accepts."""

PROMPTS = "prompts"
"""The name under which a workspace stores that prompts for an endpoint ask for text."""

_FORMS: tuple[Form, ...] = get_args(Form)
_REFUSALS = frozenset({400, 422, 500})
_NAMED = re.compile(
    r"response[_ ]?(?:format|schema|mime)|json[_ ]?(?:schema|object)|structured[_ ]?outputs?"
    r"|guided[_ ]?(?:json|decoding)|(?:pars|invalid|compil)\w* grammar",
    re.IGNORECASE,
)
_LOOKED_AT = 4000


class AnswerForms:
    """The form in which a model is asked for JSON.

    Args:
        answers: What the user wants to be asked for.
        learned: What has been learned about the endpoint so far; read again at each use.
    """

    def __init__(self, answers: AnswerKind, learned: Mapping[str, str | None]) -> None:
        self._answers = answers
        self._learned = learned

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

    def learn(self, error: SendError, sent: Parameters) -> dict[str, str | None] | None:
        """Learn the form to try next from a refusal; None if the error is about something else.

        Empty if the user insists on JSON and no form of it is left; the error then says so.
        """
        refused = _refused(error, sent)
        if refused is None:
            return None
        # Another request may have come further meanwhile.
        form = _FORMS[max(_FORMS.index(refused) + 1, _FORMS.index(self._form))]
        if form != TEXT or self._answers != "json":
            return {FORM: form}
        error.unusable = True
        error.sentence += f" It accepts no request for JSON: set {setting('answers')} to auto or text."
        return {}

    @property
    def _form(self) -> Form:
        if self._answers == "text":
            return TEXT
        known = self._learned.get(FORM)
        form = next((form for form in _FORMS if form == known), _FORMS[0])
        return _FORMS[0] if form == TEXT and self._answers == "json" else form


def _refused(error: SendError, sent: Parameters) -> Form | None:
    """The form that an endpoint has refused; None if the error is about something else.

    Some servers report it as a failure of their own, with status 500: what they say decides.
    """
    asked = sent.get(RESPONSE_FORMAT)
    if not isinstance(asked, dict) or error.http_status not in _REFUSALS:
        return None
    told = read_error(error.body)
    said = " ".join(told.params) or told.message
    if not _NAMED.search(said or error.body[:_LOOKED_AT].decode(errors="replace")):
        return None
    if "json_schema" in asked:
        return "json_schema"
    return "json_object with schema" if "schema" in asked else "json_object"
