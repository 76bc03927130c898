"""Rules that keep or drop instances (paper, section 2.2, and the released pipeline)."""

from collections.abc import Sequence

from selfinstruct.core.method.paper import MAX_INSTANCES
from selfinstruct.core.method.parsed_instance import ParsedInstance
from selfinstruct.db.records import Instance, NewInstance, Reason

_COLONS = (":", "：")


def keep_or_drop(
    parsed: Sequence[ParsedInstance], *, cut: bool, besides: Sequence[Instance] = ()
) -> list[NewInstance]:
    """Mark each parsed instance as kept, or as dropped with the reason.

    Instances with the same input and different outputs contradict each other, and all of them are dropped.
    Instances with other inputs are not affected.

    Args:
        parsed: The instances that the model wrote for one task.
        cut: Whether the token limit truncated the answer, and with it the last instance.
        besides: The instances that the task already has. They do not change, and exact repeats of them,
            kept or dropped, count as duplicates.

    Returns:
        One instance for each of `parsed`, in the same order.
    """
    seen = {_pair(one) for one in besides}
    answered = {_pair(one)[0] for one in besides if one.state == "kept"}
    reasons: list[Reason | None] = []
    outputs: dict[str, set[str]] = {}
    for position, instance in enumerate(parsed, start=1):
        is_cut = cut and position == len(parsed) and not instance.whole
        pair = given, output = _pair(instance)
        reason = _drop_reason(instance, cut=is_cut, repeated=pair in seen)
        seen.add(pair)
        reasons.append(reason)
        if reason is None and given:
            outputs.setdefault(given, set()).add(output)
    assessed = []
    for position, (instance, own_reason) in enumerate(zip(parsed, reasons, strict=True)):
        reason = own_reason
        given, _ = _pair(instance)
        if reason is None and len(outputs.get(given, ())) > 1:
            reason = Reason("contradiction", "The answer gives this input different outputs.")
        if reason is None and given and given in answered:
            reason = Reason("contradiction", "The task already has this input with a different output.")
        if reason is None and position >= MAX_INSTANCES:
            reason = Reason("too_many", f"Only the first {MAX_INSTANCES} instances of an answer are kept.")
        assessed.append(NewInstance(instance.input, instance.output, "dropped" if reason else "kept", reason))
    return assessed


def _pair(instance: Instance | ParsedInstance) -> tuple[str, str]:
    """An input and an output as they are compared: spaces around them make no difference."""
    return instance.input.strip(), instance.output.strip()


def _drop_reason(instance: ParsedInstance, *, cut: bool, repeated: bool) -> Reason | None:
    given, output = _pair(instance)
    if cut:
        return Reason("cut", "The token limit cut the answer off inside this instance.")
    if instance.fault is not None:
        return instance.fault
    if not output:
        return Reason("empty_output", "The output is empty.")
    if output == given:
        return Reason("same_as_input", "The output repeats the input.")
    if given.endswith(_COLONS) or output.endswith(_COLONS):
        return Reason("ends_with_colon", "The text ends with a colon, so something is missing.")
    if repeated:
        return Reason("duplicate", "The task already has this instance.")
    return None
