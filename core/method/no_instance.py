"""JSON that is an answer and holds no instance: it is empty, or says only what has gone wrong."""

import re
from typing import Any

from selfinstruct.core.method.answer_lines import is_fence
from selfinstruct.core.method.broken_json import DECODER

_OF_STATUS = frozenset(
    {
        *("error", "errors", "message", "msg", "status", "success", "ok", "refusal", "refused", "reason"),
        *("detail", "details", "warning", "warnings", "exception", "fault", "failure", "errormessage"),
        *(
            "mensaje",
            "estado",
            "aviso",
            "motivo",
            "エラー",
            "メッセージ",
            "ステータス",
            "状態",
            "理由",
            "警告",
        ),
        *("오류", "에러", "메시지", "상태", "이유", "경고", "错误", "消息", "状态", "信息", "原因"),
    }
)
"""Names of members that say how a request went, and nothing else."""
_OF_ERROR = frozenset(
    {
        *("error", "errors", "refusal", "refused", "exception", "fault", "failure", "errormessage"),
        *("エラー", "오류", "에러", "错误"),
    }
)
"""Those of them that only a failure has: a task may well ask for a status or a message."""
_BESIDE_STATUS = frozenset(
    {
        "code",
        "type",
        "statuscode",
        "errorcode",
        "errortype",
        "id",
        "requestid",
        "timestamp",
        "param",
        "código",
    }
)
"""Names of members that may stand beside those."""
_OPENS = re.compile(r"[\[{]")
_BEFORE = re.compile(r"(?:.*[:：\n])?\s*", re.DOTALL)
_AFTER = re.compile(r"[ \t,;.。]*(?:\n.*)?", re.DOTALL)
_CUT_MEMBER = re.compile(r"[\[\s]*\{\s*\"(?P<name>[^\"\n]{1,40})\"\s*:\s*\"[^\"]*")
_MOST_PROSE = 200


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name.lower())


def holds_no_instance(value: Any) -> bool:
    """Whether a JSON value is empty, or an object that only says why a request failed."""
    if value in (None, "", [], {}):
        return True
    if isinstance(value, list):
        return all(map(holds_no_instance, value))
    if not isinstance(value, dict):
        return False
    names = set(map(_plain, value))
    says_error = names <= _OF_STATUS | _BESIDE_STATUS and not names.isdisjoint(_OF_ERROR)
    return says_error or all(one != "" and holds_no_instance(one) for one in value.values())


def is_without_instance(text: str) -> bool:
    """Whether a text is such JSON, in a fence or not, with at most a remark above or below it."""
    text = "\n".join(line for line in text.split("\n") if not is_fence(line)).strip()
    opens = _OPENS.search(text, 0, _MOST_PROSE)
    if opens is None or not _BEFORE.fullmatch(text, 0, opens.start()):
        return False
    try:
        value, end = DECODER.raw_decode(text, opens.start())
    except (ValueError, RecursionError):
        cut = _CUT_MEMBER.fullmatch(text, opens.start())
        return _plain(cut["name"]) in _OF_ERROR if cut else not text.strip("[]{} \n")
    return len(text) - end <= _MOST_PROSE and bool(_AFTER.fullmatch(text, end)) and holds_no_instance(value)
