"""Marks of chat templates that a server failed to remove: they end an answer, and are no part of it."""

import re

_MARK = re.compile(
    r"<\|/?[A-Za-z][\w .-]{0,40}\|?>|<[/\w]{1,20}\|>"
    r"|<｜[^<>｜\n]{1,40}｜>"
    r"|<(?:bos|eos|pad|unk|/?start_of_(?:turn|image)|/?end_of_(?:turn|image|text|utterance)|extra_id_\d+|sep|mask)>"
    r"|\[/?INST\]|<<?/?SYS>>?|\[(?:EOS|BOS|end of text|/?AVAILABLE_TOOLS)\]|\[PAD\d*\]"
    r"|</s>|<s>"
)
_LEADING = re.compile(
    rf"\A(?:\s*(?:{_MARK.pattern})(?:\s*(?:assistant|model|ai|bot|gpt)[ \t]*:?[ \t]*(?=[\n<\[]|\Z))?)+",
    re.IGNORECASE,
)
_STRUCK = re.compile(r"</s>[^\S\n]*[^\s<]")
_QUOTED = {"`": "`", '"': '"', "'": "'", "“": "”", "「": "」", "‘": "’"}


def before_marks(text: str) -> tuple[str, bool]:
    """Cut an answer at the first mark, apart from those that it begins with.

    Marks that a sentence quotes, and the strikethrough `<s>...</s>` of HTML, stay.

    Returns:
        The text, and whether a mark ended it.
    """
    leading = _LEADING.match(text)
    struck = leading is not None and leading[0].endswith("<s>") and _STRUCK.search(text) is not None
    text = text[leading.end() :] if leading and not struck else text
    struck = False
    for mark in _MARK.finditer(text):
        if mark[0] == "<s>":
            struck = True
            continue
        if mark[0] == "</s>" and struck:
            struck = False
            continue
        if not _is_quoted(text, mark):
            return text[: mark.start()].rstrip(), True
    return text, False


def _is_quoted(text: str, mark: "re.Match[str]") -> bool:
    before, after = text[max(0, mark.start() - 2) : mark.start()], text[mark.end() : mark.end() + 2]
    if before[-1:] in _QUOTED and after[:1] == _QUOTED[before[-1:]]:
        return True
    running = len(before) == 2 and before[0].isalnum() and before[1] == " "
    return running and re.match(r" [a-z]", after) is not None
