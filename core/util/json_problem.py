"""Why text is not JSON, in words."""

import json


def json_problem(error: Exception, *, of_line: bool) -> str:
    """Describe why text cannot be parsed as JSON, and where, as a phrase without a subject.

    Args:
        error: The error of `json.loads`.
        of_line: Whether the text is a single line, whose number the sentence gives itself.
    """
    if isinstance(error, RecursionError):
        return "nested too deep"
    if not isinstance(error, json.JSONDecodeError):
        return str(error)  # a number of thousands of digits
    what = error.msg.removesuffix(" starting at").removesuffix(" at").rstrip(": ")
    column = f"column {error.colno}"
    where = column if of_line else f"line {error.lineno}, {column}"
    return f"{what[:1].lower()}{what[1:]} at {where}"
