"""What share of answers is read right, and whether anything wrong is kept, in forms that models write.

The answers are rendered from known tasks, rows and labels in five languages (`reading_words.toml`), in the
forms of `reading_forms.py`, `reading_lists.py` and `reading_json.py`.

    python -m benchmarks.reading            # some seconds
    python -m benchmarks.reading --misses   # print each answer that is read otherwise
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator

from benchmarks.reading_forms import LANGUAGES, Case, instances, labels
from benchmarks.reading_json import json_cases
from benchmarks.reading_lists import lists
from selfinstruct.core.method import (
    keep_or_drop,
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)

TARGET = 0.98


def cases() -> Iterator[Case]:
    """All cases, in every language."""
    for code in LANGUAGES:
        for rendered in (lists, instances, labels, json_cases):
            yield from rendered(code)


def read(case: Case) -> object:
    """What a case is read as: the tasks, the rows that are kept, or the label."""
    if case.stage == "list":
        return parse_proposals(
            case.text,
            cut=case.cut,
            continues_item=case.continues_item,
            language=case.language,
            own=case.own,
        )
    if case.stage == "label":
        return parse_label(case.text, case.language, own=case.own)
    parse = parse_input_first if case.stage == "input_first" else parse_output_first
    made = keep_or_drop(parse(case.text, case.language, own=case.own), cut=case.cut)
    reasons = {one.reason.code for one in made if one.reason}
    if case.reason is not None and case.reason not in reasons:
        return f"dropped as {', '.join(sorted(reasons)) or 'nothing'}"
    return [(one.input, one.output) for one in made if one.state == "kept"]


def main() -> None:
    """Read all cases, and print a table."""
    parser = argparse.ArgumentParser(description="What share of answers is read right.")
    parser.add_argument("--misses", action="store_true", help="print each answer that is read otherwise")
    given = parser.parse_args()
    right: dict[tuple[str, str, str], int] = defaultdict(int)
    total: dict[tuple[str, str, str], int] = defaultdict(int)
    wrong = 0
    for case in cases():
        found = read(case)
        place = (case.stage, case.kind, case.language)
        total[place] += 1
        right[place] += found == case.wanted
        if found != case.wanted:
            wrong += bool(found) and found != "unknown"
            if given.misses:
                print(f"{place}\n  {case.text!r}\n  read as {found!r}\n  wanted  {case.wanted!r}")
    print(f"{'stage':14}{'kind':16}" + "".join(f"{code:>10}" for code in LANGUAGES))
    for stage, kind in dict.fromkeys((stage, kind) for stage, kind, _ in total):
        shares = (f"{right[stage, kind, code]}/{total[stage, kind, code]}" for code in LANGUAGES)
        print(f"{stage:14}{kind:16}" + "".join(f"{share:>10}" for share in shares))
    share = sum(right.values()) / sum(total.values())
    verdict = "ok" if share >= TARGET else "MISSED"
    print(f"read right {share:.1%} of {sum(total.values())}   >= {TARGET:.0%}   {verdict}")
    print(f"wrong, without a reason {wrong}   <= 0   {'ok' if not wrong else 'MISSED'}")


if __name__ == "__main__":
    main()
