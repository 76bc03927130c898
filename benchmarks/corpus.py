"""Instructions for benchmarks: real ones from a file, or made up; as many as are wanted."""

import json
import random
from collections import defaultdict
from pathlib import Path

from selfinstruct.core.grammar import built_in

_BASE = 20_000
_LONGEST = 200


def instructions(path: Path | None, count: int, rng: random.Random) -> list[str]:
    """`count` different instructions: of the file or the built-in grammar, then mixtures of them.

    A mixture goes on, after any two words, as one of the base texts does. With a file, its own
    instructions come first.

    Args:
        path: JSON Lines with a key `instruction`.
        count: How many.
        rng: What draws them.
    """
    base = _read(path) if path else _made_up(rng)
    rng.shuffle(base)
    found = dict.fromkeys(base[:count])
    followers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for text in base:
        words = ["", "", *text.split(), ""]
        for one, two, three in zip(words, words[1:], words[2:], strict=False):
            followers[one, two].append(three)
    while len(found) < count:
        words = ["", ""]
        while len(words) < _LONGEST and (word := rng.choice(followers[words[-2], words[-1]])):
            words.append(word)
        found[" ".join(words[2:])] = None
    return list(found)


def _read(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return list(dict.fromkeys(json.loads(line)["instruction"] for line in lines))


def _made_up(rng: random.Random) -> list[str]:
    grammar = built_in("en")
    templates = [template for family in grammar.families for template in family.instructions]
    return list({grammar.expand(rng.choice(templates), rng, {}): None for _ in range(_BASE)})
