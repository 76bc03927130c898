"""What is wrong with a value, in words for the person and not those of the library that checks it."""

from pydantic_core import ErrorDetails

NUMBER_WANTED = "a number is wanted"
WHOLE_NUMBER_WANTED = "a whole number is wanted"

_WANTED = {
    "int_parsing": WHOLE_NUMBER_WANTED,
    "int_parsing_size": "a smaller number is wanted",
    "int_from_float": WHOLE_NUMBER_WANTED,
    "int_type": WHOLE_NUMBER_WANTED,
    "float_parsing": NUMBER_WANTED,
    "float_type": NUMBER_WANTED,
    "missing": "a value is wanted",
    "tuple_type": 'a list is wanted, as in ["one", "two"]',
    "string_type": "a text is wanted",
    "string_too_short": "at least 1 character is wanted",
    "too_short": "at least {min_length} in the list is wanted",
    "list_type": "a list is wanted",
    "path_type": "the name of a file is wanted",
    "literal_error": "{expected} is wanted",
    "bool_type": "true or false is wanted",
    "bool_parsing": "true or false is wanted",
    "dict_type": "a table is wanted",
    "model_type": "a table is wanted",
    "finite_number": NUMBER_WANTED,
    "greater_than": "more than {gt} is wanted",
    "greater_than_equal": "at least {ge} is wanted",
    "less_than_equal": "at most {le} is wanted",
}


def objection(error: ErrorDetails) -> str:
    """What is wrong with one value, in words that go on a sentence."""
    wanted = _WANTED.get(error["type"])
    if wanted is None:
        return error["msg"].removeprefix("Value error, ")
    context = error.get("ctx", {}).items()
    return wanted.format(**{name: what if isinstance(what, str) else f"{what:g}" for name, what in context})
