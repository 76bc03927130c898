"""Plain-language messages for pydantic's validation errors."""

from pydantic_core import ErrorDetails

NUMBER_WANTED = "it must be a number"
WHOLE_NUMBER_WANTED = "it must be a whole number"

_WANTED = {
    "int_parsing": WHOLE_NUMBER_WANTED,
    "int_parsing_size": "it must be a smaller number",
    "int_from_float": WHOLE_NUMBER_WANTED,
    "int_type": WHOLE_NUMBER_WANTED,
    "float_parsing": NUMBER_WANTED,
    "float_type": NUMBER_WANTED,
    "missing": "it needs a value",
    "tuple_type": 'it must be a list, as in ["one", "two"]',
    "string_type": "it must be text",
    "string_too_short": "it must have at least 1 character",
    "too_short": "it must have at least {min_length} entry",
    "list_type": "it must be a list",
    "path_type": "it must be the name of a file",
    "literal_error": "it must be {expected}",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "dict_type": "it must be a table",
    "model_type": "it must be a table",
    "finite_number": NUMBER_WANTED,
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than_equal": "it must be at most {le}",
}


def explain(error: ErrorDetails) -> str:
    """Describe a validation error as a clause, such as "it must be a number"."""
    wanted = _WANTED.get(error["type"])
    if wanted is None:
        return error["msg"].removeprefix("Value error, ")
    context = error.get("ctx", {}).items()
    return wanted.format(**{name: what if isinstance(what, str) else f"{what:g}" for name, what in context})
