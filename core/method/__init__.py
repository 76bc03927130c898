"""The paper's pipeline as pure functions: seeds, prompts, parsing, rules for instances."""

from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import (
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)

__all__ = ["keep_or_drop", "parse_input_first", "parse_label", "parse_output_first", "parse_proposals"]
