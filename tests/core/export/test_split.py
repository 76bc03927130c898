"""A split keeps tasks whole and near-duplicates together, and meets its share label by label."""

import random

import pytest

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.near_groups import near_groups
from selfinstruct.core.export.split import Split, split_rows, tasks_for_test
from selfinstruct.core.language.tokens import tokens
from selfinstruct.core.similarity.reference_score import rouge_l
from selfinstruct.db.records import Label, TrainingRow

WORDS = [
    f"{first}{second}" for first in ("ka", "lo", "mi", "nu", "re") for second in ("sta", "vel", "dor", "pin")
]


def row(
    task_id: int, instruction: str, output: str = "Yes.", label: Label | None = "generation"
) -> TrainingRow:
    return TrainingRow(task_id, "model", instruction, "", output, None, label)


def distinct(count: int, *, labels: dict[int, Label] | None = None) -> list[TrainingRow]:
    """Rows of tasks that have no word in common."""
    return [
        row(
            number,
            " ".join(f"w{number}x{place}" for place in range(6)),
            label=(labels or {}).get(number, "generation"),
        )
        for number in range(1, count + 1)
    ]


def split(rows: list[TrainingRow], share: float = 0.8, seed: int = 0, near: float = 0.7) -> Split:
    return split_rows(rows, share, seed=seed, near=near, language="en")


def tasks(rows: list[TrainingRow]) -> set[int]:
    return {one.task_id for one in rows}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8, 0.9, 0.99])
def test_the_share_is_met_to_the_row_where_every_task_has_one(share: float) -> None:
    train, test = split(distinct(200), share)
    assert len(train) == round(200 * share)
    assert len(train) + len(test) == 200


def test_every_label_has_its_share_on_both_sides() -> None:
    labels: dict[int, Label] = dict.fromkeys(range(1, 41), "classification")
    labels |= dict.fromkeys(range(41, 51), "unknown")
    _, test = split(distinct(150, labels=labels), 0.9)
    counts = {
        label: sum(one.label == label for one in test)
        for label in ("classification", "unknown", "generation")
    }
    assert counts == {"classification": 4, "unknown": 1, "generation": 10}


def test_all_rows_of_a_task_are_on_one_side() -> None:
    rows = [
        one for number in range(1, 61) for one in [row(number, f"task {number} w{number}")] * (number % 5 + 1)
    ]
    random.Random(1).shuffle(rows)
    train, test = split(rows, 0.7)
    assert not tasks(train) & tasks(test)
    assert abs(len(train) - 0.7 * len(rows)) <= 1


def test_near_duplicates_are_never_on_both_sides_even_in_chains() -> None:
    rng = random.Random(5)
    texts = []
    for _ in range(60):
        text = [rng.choice(WORDS) for _ in range(rng.randint(4, 9))]
        for _ in range(rng.randint(1, 4)):
            texts.append(" ".join(text))
            text = [rng.choice(WORDS) if rng.random() < 0.15 else word for word in text]
    rows = [row(number, text) for number, text in enumerate(texts)]
    for seed in range(10):
        train, test = split(rows, 0.6, seed)
        worst = max(rouge_l(one.instruction, other.instruction) for one in train for other in test)
        assert worst < 0.7


def test_the_same_instruction_in_two_tasks_stays_together_even_without_a_token() -> None:
    rows = [*distinct(20), row(100, "「？」"), row(101, "「？」")]
    for seed in range(20):
        train, test = split(rows, 0.5, seed)
        assert {100, 101} <= tasks(train) or {100, 101} <= tasks(test)


def test_groups_are_the_connected_components_of_the_pairs_that_reach_the_threshold() -> None:
    rng = random.Random(7)
    texts = [" ".join(rng.choice(WORDS[:8]) for _ in range(rng.randint(1, 7))) for _ in range(150)]
    linked = {place: {place} for place in range(len(texts))}
    for place, text in enumerate(texts):
        for other in range(place):
            if rouge_l(text, texts[other]) >= 0.7 and linked[place] is not linked[other]:
                merged = linked[place] | linked[other]
                for member in merged:
                    linked[member] = merged
    assert near_groups(texts, 0.7, "en") == [min(linked[place]) for place in range(len(texts))]


def test_scripts_without_spaces_are_compared_by_character() -> None:
    texts = ["请写一首关于春天的诗歌", "请写一首关于秋天的诗歌", "列出三种水果的名字"]
    assert tokens(texts[0], "zh") == list(texts[0])
    assert near_groups(texts, 0.7, "zh") == [0, 0, 2]


def test_the_same_rows_and_seed_give_the_same_sides_in_any_order() -> None:
    rows = distinct(100)
    shuffled = list(rows)
    random.Random(2).shuffle(shuffled)
    first, second = split(rows, seed=3), split(shuffled, seed=3)
    assert tasks(first.test) == tasks(second.test)
    assert split(rows, seed=4) != first
    assert [one.task_id for one in first.train] == sorted(tasks(first.train))


def test_the_sides_can_be_chosen_for_rows_that_are_read_one_at_a_time() -> None:
    rows = distinct(50)
    chosen = tasks_for_test(iter(rows), 0.8, seed=0, near=0.7, language="en")
    assert chosen == tasks(split(rows).test)


def test_a_group_larger_than_the_test_side_is_for_training() -> None:
    family = [
        row(number, f"Write a short poem about the month number {number}") for number in range(1000, 1060)
    ]
    for seed in range(10):
        train, test = split([*distinct(40), *family], 0.9, seed)
        assert tasks(family) <= tasks(train)
        assert len(test) == 10


def test_two_tasks_that_differ_are_one_for_each_side() -> None:
    train, test = split(distinct(2), 0.9)
    assert (len(train), len(test)) == (1, 1)


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_each_side_has_a_task_even_where_the_share_gives_it_none(share: float) -> None:
    train, test = split(distinct(3), share)
    assert min(len(train), len(test)) == 1


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "A split needs two tasks with rows, and there is none."),
        ([row(1, "Name a river."), row(1, "Name a river.", "No.")], "there is one"),
        (
            [row(1, "Name a river in Asia."), row(2, "Name a river in Africa.")],
            "All 2 tasks are near-duplicates",
        ),
    ],
)
def test_without_two_groups_a_sentence_says_why(rows: list[TrainingRow], sentence: str) -> None:
    with pytest.raises(ExportError, match=sentence):
        split(rows)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 90.0, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ExportError, match="between 0 and 1, such as 0.9"):
        split(distinct(10), share)


def test_thousands_of_instructions_from_one_template_are_one_group() -> None:
    rng = random.Random(3)
    texts = [f"What is the sum of {rng.random()} and {rng.random()} in base ten?" for _ in range(1500)]
    others = [one.instruction for one in distinct(300)]
    mixed = [*texts, *others]
    rng.shuffle(mixed)
    groups = near_groups(mixed, 0.7, "en")
    assert len({groups[mixed.index(text)] for text in texts}) == 1
    assert len(set(groups)) == 301
