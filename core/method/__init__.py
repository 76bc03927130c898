"""The paper's pipeline as pure functions: seeds, prompts, parsing, rules for instances.

What reads answers is imported at its first use: its patterns take long to compile, and the first screen
needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selfinstruct.core.method.instance_rules import keep_or_drop
    from selfinstruct.core.method.parsing import (
        parse_input_first,
        parse_label,
        parse_output_first,
        parse_proposals,
    )

__all__ = ["keep_or_drop", "parse_input_first", "parse_label", "parse_output_first", "parse_proposals"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "instance_rules" if name == "keep_or_drop" else "parsing"
    return getattr(import_module(f"{__name__}.{module}"), name)
