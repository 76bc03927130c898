"""Instructions for benchmarks: real ones from a file, or made up; as many as are wanted."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.language.unicode_tokens import is_unspaced
from selfinstruct.core.method import seeds
from selfinstruct.core.method.seed_file import load
from selfinstruct.core.offline.grammar import built_in

BASE = 20_000
"""So many instructions of the grammar are mixed, at most."""
_LONGEST = 200
_REPEATED = 0.4
"""The share of near-duplicates in `as_novel`."""


def instructions(
    path: Path | None, count: int, rng: random.Random, code: str = ENGLISH, *, held_out: int = 0
) -> list[str]:
    """The first `count` instructions of `endless`."""
    return list(islice(endless(path, rng, code, held_out=held_out), count))


def endless(
    path: Path | None, rng: random.Random, code: str = ENGLISH, *, held_out: int = 0
) -> Iterator[str]:
    """Different instructions: of the file or the built-in grammar, then mixtures of them.

    A mixture goes on, after any two words (four characters where words have no spaces between them), as
    one of the base texts does. With a file, its own instructions come first.

    Args:
        path: JSON Lines with a key `instruction`.
        rng: What draws them.
        code: The language of the built-in grammar.
        held_out: So many texts, the first ones, are left out of the mixtures.
    """
    base = in_file(path) if path else _made_up(rng, code)
    rng.shuffle(base)
    yield from base
    found = set(base)
    mixed_from = base[held_out:]
    is_dense = any(map(is_unspaced, "".join(base[:100])))
    order, between = (4, "") if is_dense else (2, " ")
    followers: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for text in mixed_from:
        words = [""] * order + (list(text) if is_dense else text.split()) + [""]
        for place in range(order, len(words)):
            followers[tuple(words[place - order : place])].append(words[place])
    while True:
        words = [""] * order
        while len(words) < _LONGEST and (word := rng.choice(followers[tuple(words[-order:])])):
            words.append(word)
        mixed = between.join(words[order:])
        if mixed not in found:
            found.add(mixed)
            yield mixed


def as_novel(rng: random.Random) -> Iterator[str]:
    """English instructions without end, of which a constant share is new however many came before.

    A new one is an instruction of the grammar of which every other word, at random, is drawn anew from all
    words of the grammar and the seed tasks, as often as they occur there: lengths and frequencies are those
    of real texts, and chance hardly ever makes two of them alike. A constant share repeats an earlier one
    with one word drawn anew.
    """
    base = _made_up(rng, ENGLISH)
    texts = base.copy()
    for task in load(seeds.built_in(ENGLISH)):
        rows = ((instance.input, instance.output) for instance in task.instances)
        texts += [task.instruction, *chain.from_iterable(rows)]
    words = [word for text in texts for word in text.split() if word.isalpha()]
    found: list[str] = []
    while True:
        if found and rng.random() < _REPEATED:
            repeated = rng.choice(found).split()
            repeated[rng.randrange(len(repeated))] = rng.choice(words)
            yield " ".join(repeated)
        else:
            mixed = (rng.choice((word, rng.choice(words))) for word in rng.choice(base).split())
            found.append(" ".join(mixed))
            yield found[-1]


def in_file(path: Path) -> list[str]:
    """The different instructions of a file, in its order."""
    with path.open(encoding="utf-8") as lines:
        return list(dict.fromkeys(json.loads(line)["instruction"] for line in lines))


def _made_up(rng: random.Random, code: str) -> list[str]:
    grammar = built_in(code)
    templates = [template for family in grammar.families for template in family.instructions]
    return list({grammar.expand(rng.choice(templates), rng, {}): None for _ in range(BASE)})
