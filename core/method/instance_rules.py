"""Which instances are kept (paper, section 2.2; the released pipeline's rules)."""

from collections.abc import Sequence

from selfinstruct.core.method.paper import MAX_INSTANCES
from selfinstruct.core.method.parsing import ParsedInstance
from selfinstruct.db.records import Instance, NewInstance, Reason

_COLONS = (":", "：")


def keep_or_drop(
    parsed: Sequence[ParsedInstance], *, cut: bool, besides: Sequence[Instance] = ()
) -> list[NewInstance]:
    """Each instance kept, or dropped with the reason; order and number are those of `parsed`.

    Instances that contradict each other, with the same input and different outputs, are all dropped; those
    with other inputs stay.

    Args:
        parsed: What the model wrote for one task.
        cut: Whether the token limit cut the answer, and with it the last instance.
        besides: What the task has already. It stays as it is, and what it has, kept or dropped, does not
            come again.
    """
    seen = {ParsedInstance(one.input, one.output) for one in besides}
    answered = {one.input for one in besides if one.state == "kept" and one.input}
    reasons: list[Reason | None] = []
    outputs: dict[str, set[str]] = {}
    for position, instance in enumerate(parsed, start=1):
        reason = _drop_reason(instance, cut=cut and position == len(parsed), repeated=instance in seen)
        seen.add(instance)
        reasons.append(reason)
        if reason is None and instance.input:
            outputs.setdefault(instance.input, set()).add(instance.output)
    assessed = []
    for position, (instance, own_reason) in enumerate(zip(parsed, reasons, strict=True)):
        reason = own_reason
        if reason is None and len(outputs.get(instance.input, ())) > 1:
            reason = Reason("contradiction", "The answer gives this input different outputs.")
        if reason is None and instance.input in answered:
            reason = Reason("contradiction", "The task has the same input with another output already.")
        if reason is None and position >= MAX_INSTANCES:
            reason = Reason("too_many", f"Only the first {MAX_INSTANCES} instances of an answer can be kept.")
        assessed.append(NewInstance(instance.input, instance.output, "dropped" if reason else "kept", reason))
    return assessed


def _drop_reason(instance: ParsedInstance, *, cut: bool, repeated: bool) -> Reason | None:
    given, output = instance.input.strip(), instance.output.strip()
    if cut:
        return Reason("cut", "The token limit cut the answer inside this instance.")
    if not output:
        return Reason("empty_output", "The output is empty.")
    if output == given:
        return Reason("same_as_input", "The output repeats the input.")
    if given.endswith(_COLONS) or output.endswith(_COLONS):
        return Reason("ends_with_colon", "The text ends with a colon, so that something is missing.")
    if repeated:
        return Reason("duplicate", "The task has the same instance already.")
    return None
