"""`selfinstruct` and `selfinstruct-tui`: what they say, what they write, how they end."""

import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from selfinstruct.core.engine import Engine
from selfinstruct.core.export.registry import FORMATS
from selfinstruct.core.filtering.registry import VERDICTS
from selfinstruct.core.filtering.settings import filter_defaults
from selfinstruct.core.language.detect import pick_language
from selfinstruct.core.language.registry import with_seeds
from selfinstruct.core.method.seeds import built_in
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import NewInstance, Unfinished
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.options import Command
from selfinstruct.tui.commands.selfinstruct import app as selfinstruct
from selfinstruct.tui.commands.selfinstruct import status_document
from selfinstruct.tui.commands.selfinstruct_tui import app as selfinstruct_tui
from selfinstruct.tui.text.safe_text import verdict_word
from tests.server import Fault, ModelServer, chat_answer, error_body, proposals_answer


def run(*words: object) -> Result:
    return CliRunner().invoke(selfinstruct, [str(word) for word in words])


def auto(*words: object) -> Result:
    """An unattended run by the same chance each time; a model may lose the only row of a short run."""
    return CliRunner().invoke(selfinstruct_tui, ["--auto", "--rng-seed", "2", *(str(word) for word in words)])


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace grown by the command of the README."""
    path = tmp_path_factory.mktemp("grown") / "w.db"
    result = CliRunner().invoke(
        selfinstruct_tui,
        ["--auto", "--model", "offline", "--target", "50", "--rng-seed", "2", "--db", str(path)],
    )
    assert result.exit_code == 0, result.output
    return path


STATUS = {
    "pool": {"seed", "model", "imported", "human"},
    "candidates": {"undecided", "accepted", "rejected"},
    "verdicts": {"pass", "similar", "short", "keyword", "opening", "punctuation"},
    "labels": {"classification", "generation", "unclear"},
    "instances": {"kept", "dropped"},
    "export": {"rows", "of_tasks_not_accepted", "of_another_wording_or_label", "exact_duplicates"},
    "rowless": {"unclear_label", "no_instance", "dropped", "failed", "in_doubt", "unfinished"},
    "requests": {"planned", "sent", "answered", "failed", "in_doubt"},
    "failures": {"propose", "embed", "classify", "instantiate"},
    "tokens": {"prompt", "completion"},
    "cost": {"usd", "attempts_of_unknown_cost", "reserved_usd", "unsettled_usd"},
    "sqlite": {"library", "version", "journal"},
}
"""The names that scripts rely on; of the verdicts those that the workspace of these tests has."""


def test_status_counts_seeds_model_tasks_and_several_verdicts(grown: Path) -> None:
    document = json.loads(run("status", "--db", grown, "--json").stdout)
    assert document["pool"] == {"seed": 175, "model": 50, "imported": 0, "human": 0}
    assert len(document["verdicts"]) >= 4
    assert sum(document["verdicts"].values()) == sum(document["candidates"].values())


def test_status_gives_costs_without_what_adding_up_leaves_at_their_end(grown: Path) -> None:
    with Workspace.open(grown) as workspace:
        counts = replace(workspace.counts(), cost_usd=0.10433800000000007, reserved_usd=0.1 + 0.2)
        cost = status_document(counts, workspace.training(), workspace.storage())["cost"]
    assert (cost["usd"], cost["reserved_usd"]) == (0.104338, 0.3)


def test_what_is_reserved_for_attempts_of_unknown_cost_is_said_in_usd(
    tmp_path: Path, server: ModelServer
) -> None:
    Path("selfinstruct.toml").write_text('[prices."m"]\ninput = 10\noutput = 30\n')
    server.faults.append(proposals_answer("Name a river of Europe."))
    path = tmp_path / "w.db"
    alone = auto("--db", path, "--base-url", server.url, "--model", "m", "--max-requests", "1")
    told = json.loads(run("status", "--db", path, "--json").stdout)["cost"]
    with Workspace.open(path) as workspace:
        reserved = workspace.requests.charged_usd()
    assert told["usd"] is None
    assert 0.03 < told["reserved_usd"] == pytest.approx(reserved)
    cost = f"unknown (${reserved:.4f} reserved)"
    assert f"Cost: {cost}." in alone.stdout
    assert f"cost         {cost}\n" in run("status", "--db", path).stdout


def test_what_is_reserved_for_requests_of_a_killed_program_is_said_in_usd(
    tmp_path: Path, server: ModelServer
) -> None:
    path = tmp_path / "w.db"
    settings = {"base_url": server.url, "model": "m", "prices": {"m": {"input": 10.0, "output": 30.0}}}
    with Workspace.open(path, create=True) as workspace:
        plan = Engine(workspace, resolve(settings)).planner
        sent = plan.propose(1)
        workspace.requests.begin_attempt(sent, {}, run_id=workspace.run_id, at="now")
        plan.propose(1)
        reserved = workspace.requests.charged_usd()
    told = json.loads(run("status", "--db", path, "--json").stdout)["cost"]
    assert (told["usd"], told["reserved_usd"]) == (None, 0)
    assert told["unsettled_usd"] == pytest.approx(reserved)
    cost = f"$0.00; ${reserved:.4f} reserved for unsettled requests"
    assert f"cost         {cost}\n" in run("status", "--db", path).stdout


def test_status_as_json_has_the_names_that_are_documented_and_that_the_lines_have(grown: Path) -> None:
    document = json.loads(run("status", "--db", grown, "--json").stdout)
    verdicts = set(document.pop("verdicts"))
    assert {name: set(numbers) for name, numbers in document.items()} == {
        name: names for name, names in STATUS.items() if name != "verdicts"
    }
    assert verdicts == {verdict_word(verdict).replace(" ", "_") for verdict in VERDICTS} & verdicts
    assert {"pass", "similar"} <= verdicts <= STATUS["verdicts"]
    lines = run("status", "--db", grown).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(STATUS)


def test_status_reads_well(grown: Path) -> None:
    said = run("status", "--db", grown).stdout
    assert "175 seed, 50 model" in said
    # The words of the screens and of the filter line.
    assert " undecided" in said
    assert " similar" in said
    assert not any(word in said for word in ("pending", "too similar", "unknown"))
    assert "$0.00" in said


def test_status_and_export_say_why_there_are_fewer_rows_than_kept_instances(
    grown: Path, tmp_path: Path
) -> None:
    path = tmp_path / "w.db"
    shutil.copyfile(grown, path)
    with Workspace.open(path) as workspace:
        decisions = Engine(workspace, resolve({}, stored=workspace.settings.read())).decisions
        having = [t for t in workspace.tasks.accepted() if workspace.instances.kept([t]).get(t)]
        gone, relabelled, doubled = having[:3]
        kept = workspace.instances.kept([gone, relabelled])
        decisions.reject(gone)
        label = workspace.tasks.get(relabelled).label
        decisions.relabel(relabelled, "generation" if label == "classification" else "classification")
        task = workspace.tasks.get(doubled)
        same = next(one for one in workspace.instances.of_task(doubled) if one.state == "kept")
        assert task.label is not None
        new = NewInstance(same.input, same.output)
        workspace.instances.add(doubled, task.instruction, task.label, [new], request_id=None)
        all_kept = workspace.counts().instances["kept"]
    why = (
        f"{kept[gone]} of tasks that are not accepted, {kept[relabelled]} generated for another wording"
        " or label, 1 exact duplicate"
    )
    said = run("export", "--db", path, "--out", tmp_path / "t.jsonl").stdout
    assert f"Kept but not exported: {why}." in said
    rows = len((tmp_path / "t.jsonl").read_text().splitlines())
    assert f"{rows} rows; kept but not exported: {why}" in run("status", "--db", path).stdout
    training = json.loads(run("status", "--db", path, "--json").stdout)["export"]
    assert rows == training.pop("rows")
    assert all_kept == rows + sum(training.values())


def kept_tasks(path: Path) -> set[str]:
    with Workspace.open(path) as workspace:
        return {row.instruction for row in workspace.instances.training_rows(include_seeds=False)}


def test_every_export_loads_and_holds_every_accepted_task_with_kept_instances(
    grown: Path, tmp_path: Path
) -> None:
    def lines(export_format: str) -> list[dict[str, Any]]:
        out = tmp_path / f"{export_format}.jsonl"
        result = run("export", "--db", grown, "--format", export_format, "--out", out)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]

    expected = kept_tasks(grown)
    alpaca, messages, gpt3 = lines("alpaca"), lines("messages"), lines("gpt3")
    assert len(alpaca) == len(messages) == len(gpt3) >= len(expected) > 30
    assert {row["instruction"] for row in alpaca} == expected
    assert all(set(row) == {"instruction", "input", "output"} for row in alpaca)
    assert all(isinstance(value, str) for row in alpaca for value in row.values())
    for instruction in expected:
        assert any(row["messages"][0]["content"].startswith(instruction) for row in messages)
        assert any(instruction in row["prompt"] for row in gpt3)


def test_the_help_of_export_tells_of_every_format() -> None:
    told = " ".join(run("export", "--help").output.replace("│", " ").split())
    for one in FORMATS:
        assert f"{one.name}: {one.about}." in told


def test_a_file_that_ends_in_json_is_one_array(grown: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.json"
    run("export", "--db", grown, "--format", "alpaca", "--out", out)
    rows = json.loads(out.read_text(encoding="utf-8"))
    assert {row["instruction"] for row in rows} == kept_tasks(grown)


@pytest.mark.parametrize("command", ["export", "dedupe"])
@pytest.mark.parametrize("name", ["w.db.before-repair", "w.db-wal", "copy"])
def test_no_command_writes_over_what_belongs_to_a_workspace(
    grown: Path, tmp_path: Path, command: str, name: str
) -> None:
    shutil.copyfile(grown, tmp_path / "w.db")
    shutil.copyfile(grown, tmp_path / "copy")
    out = tmp_path / name
    if name != "copy":
        out.write_text("precious")
    before = out.read_bytes()
    (tmp_path / "rows.jsonl").write_text('{"instruction": "Name a fish."}\n')
    first = [tmp_path / "rows.jsonl"] if command == "dedupe" else ["--db", grown]
    result = run(command, *first, "--out", out, "--force")
    assert result.exit_code == 2
    assert "workspace" in result.output
    assert out.read_bytes() == before
    if command == "dedupe":
        result = run(command, *first, "--out", tmp_path / "new", "--report", out, "--force")
        assert result.exit_code == 2
        assert "Give --report another name" in " ".join(result.output.split())
        assert out.read_bytes() == before


def test_gpt3_mixes_the_layouts(grown: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.jsonl"
    run("export", "--db", grown, "--format", "gpt3", "--out", out)
    prompts = [json.loads(line)["prompt"] for line in out.read_text(encoding="utf-8").splitlines()]
    for mark in ("Task: ", "Input: ", "Output:", "\n\n"):
        share = sum(mark in prompt for prompt in prompts) / len(prompts)
        assert 0.05 < share < 0.95, mark


def test_seeds_come_along_when_asked_for(grown: Path, tmp_path: Path) -> None:
    without = run("export", "--db", grown, "--out", tmp_path / "a.jsonl").stdout
    result = run("export", "--db", grown, "--out", tmp_path / "b.jsonl", "--include-seeds").stdout
    assert "from seeds" not in without
    assert "from seeds" in result
    gained = len((tmp_path / "b.jsonl").read_text().splitlines()) - len(
        (tmp_path / "a.jsonl").read_text().splitlines()
    )
    assert gained >= 175


def test_text_in_any_script_is_written_as_it_is(grown: Path, tmp_path: Path) -> None:
    run("export", "--db", grown, "--out", tmp_path / "a.jsonl", "--include-seeds")
    text = (tmp_path / "a.jsonl").read_text(encoding="utf-8")
    assert "今日" in text
    assert "\\u4eca" not in text


def test_the_same_seed_writes_the_same_file_and_another_one_another_order(
    grown: Path, tmp_path: Path
) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        run("export", "--db", grown, "--format", "gpt3", "--out", tmp_path / name, "--rng-seed", seed)
    texts = [(tmp_path / name).read_text() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]


def test_a_file_that_is_there_is_replaced_only_with_force(grown: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.jsonl"
    out.write_text("precious")
    refused = run("export", "--db", grown, "--out", out)
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert out.read_text() == "precious"
    assert run("export", "--db", grown, "--out", out, "--force").exit_code == 0
    assert out.read_text() != "precious"


def test_an_export_is_its_owners_alone_and_leaves_nothing_else_behind(grown: Path, tmp_path: Path) -> None:
    run("export", "--db", grown, "--out", tmp_path / "train.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]
    assert stat.S_IMODE((tmp_path / "train.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["status", "--db", "nowhere.db"], "There is no workspace at nowhere.db", id="no workspace"
        ),
        pytest.param(
            ["export", "--out", "a/b/c.jsonl", "--db", "GROWN"], "cannot be written", id="no folder"
        ),
        pytest.param(["export", "--out", ".", "--db", "GROWN"], "is a folder", id="a folder"),
        pytest.param(["export", "--out", "-", "--db", "GROWN"], "standard output", id="standard output"),
    ],
)
def test_wrong_use_gets_one_sentence(grown: Path, words: list[str], said: str) -> None:
    result = run(*(grown if word == "GROWN" else word for word in words))
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--language", "xx", "--target", "1"], "'xx' is not a known language", id="language"),
        pytest.param(
            ["--language", "other", "--target", "1"],
            "The language other has no built-in seed tasks",
            id="other",
        ),
        pytest.param([], "--target N", id="no limit"),
        pytest.param(
            ["--target", "1", "--model", "https://k@h.example/v1"], "put it into", id="model is a URL"
        ),
        pytest.param(["--target", "0"], "it must be at least 1", id="target 0"),
        pytest.param(
            ["--target", "1", "--base-url", "localhost:80"],
            "it is not a web address such as http://",
            id="no scheme",
        ),
        pytest.param(["--target", "1", "--seeds", "none.jsonl"], "none.jsonl cannot be read", id="no seeds"),
        pytest.param(["--target", "1", "--prompts", "none.toml"], "none.toml: no such file", id="no prompts"),
        pytest.param(
            ["--max-cost", "1", "--model", "x", "--base-url", "http://h.example"],
            "The price of 'x'",
            id="price",
        ),
    ],
)
def test_wrong_settings_get_one_sentence_and_exit_code_2(tmp_path: Path, words: list[str], said: str) -> None:
    result = auto("--db", tmp_path / "w.db", *words)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("program", "words", "said"),
    [
        (selfinstruct_tui, ["--batches-ahead", "99"], "--batches-ahead is wrong: it must be at most 20."),
        (selfinstruct_tui, ["--batches-ahead", "x"], "--batches-ahead is wrong: it must be a whole number."),
        (selfinstruct_tui, ["--max-cost", "x"], "--max-cost is wrong: it must be a number."),
        (selfinstruct_tui, ["--api", "x"], "--api is wrong: 'x' is not one of 'chat', 'completions'."),
        (selfinstruct, ["export", "--format", "x", "--out", "y"], "--format is wrong: 'x' is not one of "),
        (selfinstruct, ["export", "--rng-seed", "x", "--out", "y"], "--rng-seed is wrong: it must be"),
        (
            selfinstruct,
            ["dedupe", "x", "--engine", "x", "--out", "y"],
            "--engine is wrong: 'x' is not one of ",
        ),
    ],
)
def test_a_wrong_value_is_told_in_one_sentence_with_its_flag(
    program: Any, words: list[str], said: str
) -> None:
    result = CliRunner().invoke(program, ["--auto", *words] if program is selfinstruct_tui else words)
    assert result.exit_code == 2
    assert result.output.startswith(f"Error: {said}")
    assert len(result.output.splitlines()) == 1


def test_every_command_tells_of_wrong_values_in_words() -> None:
    group = get_command(selfinstruct)
    commands = [get_command(selfinstruct_tui), *getattr(group, "commands", {}).values()]
    assert [command.name for command in commands if not isinstance(command, Command)] == []


def test_an_unknown_setting_names_the_nearest_one(tmp_path: Path) -> None:
    Path("selfinstruct.toml").write_text("[filters]\nrouge = 0.6\n")
    result = auto("--db", tmp_path / "w.db", "--target", "1")
    assert result.exit_code == 2
    assert "'filters.rouge' is not a setting. Did you mean 'rouge_l'?" in result.output
    assert not (tmp_path / "w.db").exists()


def test_flags_win_over_the_settings_file_and_both_are_remembered(tmp_path: Path) -> None:
    Path("selfinstruct.toml").write_text("rng_seed = 7\ntarget = 3\nrequests_per_batch = 1\n")
    assert auto("--db", tmp_path / "w.db", "--target", "2").exit_code == 0
    Path("selfinstruct.toml").unlink()
    with Workspace.open(tmp_path / "w.db") as workspace:
        stored = workspace.settings.read()
        assert (stored["rng_seed"], stored["target"], stored["requests_per_batch"]) == (2, 2, 1)
    again = auto("--db", tmp_path / "w.db")
    assert again.exit_code == 0
    assert "Target reached: 2" in again.output


@pytest.mark.parametrize("code", [code for code in with_seeds() if code != "en"])
def test_a_bootstrap_in_each_language_works_out_of_the_box(tmp_path: Path, code: str) -> None:
    path = tmp_path / "w.db"
    assert auto("--db", path, "--language", code, "--target", "30").exit_code == 0
    document = json.loads(run("status", "--db", path, "--json").stdout)
    assert document["pool"]["model"] == 30
    assert run("export", "--db", path, "--format", "alpaca", "--out", tmp_path / "t.jsonl").exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 30
    assert pick_language([row["instruction"] for row in rows]) == code


def test_auto_takes_the_language_of_the_seed_tasks_says_so_and_keeps_it(tmp_path: Path) -> None:
    seeds = tmp_path / "mine.jsonl"
    seeds.write_text(built_in("ko").read_text(encoding="utf-8"), encoding="utf-8")
    words = ["--db", tmp_path / "w.db", "--seeds", seeds]
    begun = auto(*words, "--language", "auto", "--target", "1")
    assert "The seed tasks are in Korean (한국어), so the language is ko." in begun.output
    for more in (["--language", "auto"], ["--language", "ko"], [], ["--forget"]):
        again = auto(*words, *more, "--target", "1")
        assert again.exit_code == 0, again.output
        assert ("Korean" in again.output) == ("auto" in more)
        with Workspace.open(tmp_path / "w.db") as workspace:
            assert workspace.settings.read()["language"] == "ko"


def test_seed_tasks_in_another_language_are_warned_of_once_and_taken_all_the_same(tmp_path: Path) -> None:
    seeds = tmp_path / "mine.jsonl"
    seeds.write_text(built_in("ko").read_text(encoding="utf-8"), encoding="utf-8")
    words = ["--db", tmp_path / "w.db", "--seeds", seeds, "--target"]
    begun = auto(*words, "1")
    assert begun.exit_code == 0
    assert begun.stderr == (
        "Warning: The seed tasks are in Korean (한국어), but the filters of this workspace are for English."
        " Start a new workspace with --language ko.\n"
    )
    assert auto(*words, "2").stderr == ""


def test_auto_finds_english_in_the_built_in_seed_tasks(tmp_path: Path) -> None:
    begun = auto("--db", tmp_path / "w.db", "--language", "auto", "--target", "1")
    assert "The seed tasks are in English, so the language is en." in begun.output


def test_tasks_in_a_language_without_a_folder_have_the_filters_of_any(tmp_path: Path) -> None:
    seeds = tmp_path / "mine.jsonl"
    tasks = [
        {
            "id": f"s{number}",
            "instruction": f"Напиши письмо номер {number} соседке.",
            "is_classification": number % 2 == 0,
            "instances": [{"input": "a", "output": "да"}],
        }
        for number in range(8)
    ]
    seeds.write_text("\n".join(map(json.dumps, tasks)), encoding="utf-8")
    begun = auto("--db", tmp_path / "w.db", "--seeds", seeds, "--language", "auto", "--target", "1")
    assert begun.exit_code == 0
    assert (
        "The seed tasks are in none of the known languages, so language-neutral settings apply."
        in begun.output
    )
    with Workspace.open(tmp_path / "w.db") as workspace:
        assert workspace.settings.read()["language"] == "other"
        request = workspace.requests.get(1)
        assert "in the language of the list" in json.dumps(request.prompt)


def test_a_workspace_keeps_the_language_that_it_began_with(tmp_path: Path) -> None:
    assert auto("--db", tmp_path / "w.db", "--language", "es", "--target", "1").exit_code == 0
    result = auto("--db", tmp_path / "w.db", "--language", "ja", "--target", "1")
    assert result.exit_code == 2
    assert "was started with the language es, which cannot be changed. Leave --language out" in result.output
    assert "you can delete it" not in result.output


def test_a_start_that_came_to_nothing_is_told_to_be_of_no_worth_to_one_in_another_language(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(404, error_body("no such model"))
    words = ("--db", tmp_path / "w.db", "--base-url", server.url, "--model", "m", "--target", "1")
    assert auto(*words).exit_code == 4
    result = auto(*words, "--language", "es")
    assert result.exit_code == 2
    assert (
        "This workspace holds only seeds and settings so far: you can delete it and start over."
        in result.output
    )
    (tmp_path / "w.db").unlink()
    assert auto("--db", tmp_path / "w.db", "--target", "5", "--language", "es").exit_code == 0


def test_the_list_of_keywords_is_named_by_a_flag_and_remembered(tmp_path: Path) -> None:
    db = tmp_path / "w.db"
    for flags, kept in (
        (["--keywords", "paper"], {"keywords": ["@paper"]}),
        ([], {"keywords": ["@paper"]}),
        (["--keywords", "cat, dog"], {"keywords": ["cat", "dog"]}),
        (["--keywords", ""], {"keywords": []}),
        (["--keywords", "rules"], None),
    ):
        assert auto("--db", db, "--target", "1", *flags).exit_code == 0
        with Workspace.open(db) as workspace:
            assert workspace.settings.read().get("filters") == kept


def test_headers_that_the_endpoint_is_not_sent_are_told_at_the_start(
    tmp_path: Path, server: ModelServer
) -> None:
    Path("selfinstruct.toml").write_text('[request]\nheaders = { x-key = "canary-1" }\n')
    result = auto("--db", tmp_path / "w.db", "--model", "m", "--base-url", server.url, "--target", "1")
    told = f"The headers in selfinstruct.toml are for https://api.openai.com/v1, so {server.url} is not sent"
    assert result.stderr.count(f"Warning: {told}") == 1


def test_a_misspelt_list_of_keywords_is_refused_before_a_file_is_made(tmp_path: Path) -> None:
    result = auto("--db", tmp_path / "w.db", "--keywords", "@rule")
    assert result.exit_code == 2
    assert "--keywords is wrong: '@rule' names no list of phrases; give @rules." in result.stderr
    assert not (tmp_path / "w.db").exists()


def test_the_filters_of_a_language_are_in_force_where_a_person_has_set_no_other(tmp_path: Path) -> None:
    Path("selfinstruct.toml").write_text('language = "ja"\n[filters]\nmin_words = 12\n')
    assert auto("--db", tmp_path / "w.db", "--target", "1").exit_code == 0
    with Workspace.open(tmp_path / "w.db") as workspace:
        stored = workspace.settings.read()
    assert stored["filters"] == {"min_words": 12}
    filters = resolve({}, stored=stored).filters
    assert (filters.min_words, filters.max_words) == (12, 400)
    assert filters.openings == filter_defaults("ja").openings


def test_a_limit_ends_with_code_3_and_is_named(tmp_path: Path) -> None:
    result = auto("--db", tmp_path / "w.db", "--target", "500", "--max-requests", "6")
    assert result.exit_code == 3
    assert "--max-requests" in result.output


def test_at_the_limit_of_requests_it_says_what_is_unfinished_and_the_command_that_goes_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "w w.db"
    said = auto("--db", path, "--target", "5", "--max-requests", "6").stdout
    unfinished = next(line for line in said.splitlines() if line.startswith("Unfinished: "))
    command = unfinished.partition("To resume: ")[2]
    program, flag, *words = shlex.split(command)
    assert (program, flag) == ("selfinstruct-tui", "--auto")
    said = auto(*words).stdout
    assert "Target reached" in said
    assert "Unfinished" not in said
    with Workspace.open(path) as workspace:
        assert workspace.counts().unfinished == Unfinished(0, 0, 0, 0)


def test_at_the_cost_limit_it_says_what_a_request_may_cost_and_the_command_that_goes_on(
    tmp_path: Path, server: ModelServer
) -> None:
    Path("selfinstruct.toml").write_text('[prices."m"]\ninput = 10\noutput = 30\n')
    path = tmp_path / "w w.db"
    result = auto("--db", path, "--base-url", server.url, "--model", "m", "--max-cost", "0.1")
    assert result.exit_code == 3
    assert "0.1 USD leaves no room for another request, which may cost up to 0.0" in result.stdout
    command = result.stdout.splitlines()[-1].partition("To resume: ")[2]
    program, flag, *words = shlex.split(command)
    assert (program, flag) == ("selfinstruct-tui", "--auto")
    sent = len(server.received)
    auto(*words)
    assert len(server.received) > sent


def test_what_has_no_row_is_told_with_the_commands_that_carry_on(tmp_path: Path, server: ModelServer) -> None:
    path = tmp_path / "w w.db"
    waiting = ["That depends.", "Who knows?", "It may be.", "Well, well."]

    def answer(body: dict[str, Any]) -> Fault | None:
        if not body["messages"][0]["content"].startswith("You sort tasks"):
            return None
        if waiting:
            return chat_answer(waiting.pop())
        return Fault(400, error_body("not today")) if len(server.received) % 2 else None

    server.refuse = answer
    result = auto("--db", path, "--base-url", server.url, "--model", "m", "--target", "8")
    assert result.exit_code == 5
    assert "Target reached: 8 tasks accepted. But " in result.stdout
    told = next(line for line in result.stdout.splitlines() if line.startswith("Without a row: "))
    assert "4 with an unclear label" in told
    assert "with a failed request" in told
    assert "with a failed request. To resume: selfinstruct-tui --auto --db " in result.stdout.splitlines()[-1]
    document = json.loads(run("status", "--db", path, "--json").stdout)
    assert document["rowless"]["unclear_label"] == 4
    assert document["failures"]["classify"] >= 4 + document["rowless"]["failed"] > 4
    assert " 4 unclear label" in run("status", "--db", path).stdout

    server.refuse = lambda body: None
    _, _, *words = shlex.split(result.stdout.splitlines()[-1].partition("To resume: ")[2])
    result = auto(*words)
    assert result.exit_code == 5
    assert "4 with an unclear label" in result.stdout
    ask_again = next(line for line in result.stdout.splitlines() if line.startswith("To ask a model again: "))
    _, _, *words = shlex.split(ask_again.removeprefix("To ask a model again: ").partition(". Or in")[0])
    assert auto(*words).exit_code == 0
    assert run("check", "--db", path).exit_code == 0


def test_one_task_is_told_in_the_singular(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    assert "Target reached: 1 task accepted.\n" in auto("--db", path, "--target", "1").stdout
    told = auto("--db", path, "--target", "2", "--hold").stdout
    assert "Target reached: 1 task accepted, and " in told


def test_a_remembered_hold_is_named_where_work_ends(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    assert auto("--db", path, "--target", "5", "--hold").exit_code == 0
    result = auto("--db", path, "--target", "8")
    assert "Target reached: 0 tasks accepted, and " in result.stdout
    assert "that pass wait for your decision" in result.stdout
    assert "--no-hold" in result.stdout
    assert "tasks accepted." in auto("--db", path, "--target", "8", "--no-hold").stdout


REFUSED = (
    pytest.param([], 2, id="limit"),
    pytest.param(["--max-cost", "5"], 2, id="limit of a free model"),
    pytest.param(["--target", "5", "--model", "gpt-4o-mini"], 4, id="key"),
    pytest.param(["--target", "5", "--seeds", "none.jsonl"], 2, id="no seeds"),
    pytest.param(["--target", "5", "--seeds", "wrong.jsonl"], 2, id="wrong seeds"),
    pytest.param(["--target", "5", "--seeds", "."], 2, id="a folder for seeds"),
    pytest.param(["--target", "5", "--prompts", "none.toml"], 2, id="no prompts"),
    pytest.param(["--target", "5", "--language", "other"], 2, id="no seeds in the language"),
    pytest.param(["--max-cost", "5", "--model", "m", "--base-url", "http://host/v1"], 2, id="no price"),
    pytest.param(["--target", "0"], 2, id="setting"),
)


@pytest.mark.parametrize("there", [False, True], ids=["no file", "an empty file"])
@pytest.mark.parametrize(("words", "code"), REFUSED)
def test_a_start_that_is_refused_leaves_nothing_behind(
    tmp_path: Path, words: list[str], code: int, there: bool
) -> None:
    (tmp_path / "wrong.jsonl").write_text("{}\n")
    path = tmp_path / "w.db"
    if there:
        path.touch()
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    assert auto("--db", path, *words).exit_code == code
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_wrong_key_of_the_curator_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text('theme = "blue"\n')
    assert auto("--db", tmp_path / "w.db", "--target", "1").exit_code == 2
    assert not (tmp_path / "w.db").exists()


def test_seeds_come_out_of_a_pipe_which_can_be_read_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writing = Thread(target=lambda: (tmp_path / "pipe").write_bytes(built_in("en").read_bytes()))
    writing.start()
    result = auto("--db", tmp_path / "w.db", "--target", "1", "--seeds", tmp_path / "pipe")
    writing.join()
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("words", "code"), [([], 2), (["--target", "5", "--model", "gpt-4o-mini"], 4)], ids=["limit", "key"]
)
def test_a_start_that_is_refused_fixes_nothing_of_an_empty_workspace(
    tmp_path: Path, words: list[str], code: int
) -> None:
    path = tmp_path / "w.db"
    Workspace.open(path, create=True).close()
    assert auto("--db", path, *words).exit_code == code
    result = auto("--db", path, "--language", "ja", "--target", "1", "--model", "offline")
    assert result.exit_code == 0, result.output


def test_an_endpoint_that_cannot_be_used_ends_with_code_4_and_advice(
    tmp_path: Path, server: ModelServer
) -> None:
    server.refuse = lambda body: Fault(404, error_body("model not found"))
    result = auto("--db", tmp_path / "w.db", "--target", "5", "--base-url", server.url, "--model", "nope")
    assert result.exit_code == 4
    assert "Check --model" in result.output


def test_openai_without_a_key_ends_with_code_4(tmp_path: Path) -> None:
    result = auto("--db", tmp_path / "w.db", "--target", "5", "--model", "gpt-4o-mini")
    assert result.exit_code == 4
    assert "OPENAI_API_KEY is not set" in result.output


def test_without_a_terminal_the_curator_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(selfinstruct_tui, ["--db", str(tmp_path / "w.db")])
    assert result.exit_code == 2
    assert "--auto" in result.output


@pytest.mark.parametrize(
    "words", [["--help"], ["status", "--db", "GROWN"], ["export", "--help"], ["dedupe", "--help"]]
)
def test_light_commands_import_nothing_heavy(grown: Path, words: list[str]) -> None:
    script = (
        "import sys\n"
        "from selfinstruct.tui.commands.selfinstruct import app\n"
        "try:\n    app()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        "heavy = {'textual', 'openai', 'nltk', 'rouge_score', 'rapidfuzz'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    words = [str(grown) if word == "GROWN" else word for word in words]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("selfinstruct", ["check", "--db", "GROWN"]),
        ("selfinstruct", ["dedupe", "ROWS", "--out", "kept.jsonl", "--field", "text"]),
        ("selfinstruct_tui", ["--auto", "--model", "offline", "--target", "3", "--db", "new.db"]),
    ],
)
def test_what_compares_texts_has_rouge_scores_tokens_and_never_imports_nltk(
    grown: Path, tmp_path: Path, program: str, words: list[str]
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "Name a fish."}\n{"text": "Name a bird."}\n')
    script = (
        "import sys\n"
        f"from selfinstruct.tui.commands.{program} import app\n"
        "try:\n    app()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        "assert 'nltk' not in sys.modules\n"
    )
    given = {"GROWN": str(grown), "ROWS": str(rows)}
    words = [given.get(word, word) for word in words]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["selfinstruct", "selfinstruct_tui"])
def test_both_programs_say_their_version_and_import_nothing_heavy_for_it(module: str) -> None:
    script = (
        "import sys\n"
        f"from selfinstruct.tui.commands.{module} import app\n"
        "try:\n    app()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        "heavy = {'textual', 'openai', 'numpy', 'rapidfuzz', 'jinja2', 'sqlite_utils'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    words = [sys.executable, "-c", script, "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"selfinstruct-tui {version('selfinstruct-tui')}\n"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (selfinstruct, ["--help"]),
        (selfinstruct, ["export", "--help"]),
        (selfinstruct, ["status", "--help"]),
        (selfinstruct, ["dedupe", "--help"]),
        (selfinstruct_tui, ["--help"]),
    ],
)
def test_every_help_page_has_an_example(program: Any, words: list[str]) -> None:
    result = CliRunner().invoke(program, words)
    assert result.exit_code == 0
    assert "Example" in result.output


def test_an_export_never_replaces_the_workspace_it_is_made_from(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    assert auto("--db", path, "--target", "1").exit_code == 0
    refused = run("export", "--db", path, "--out", path, "--force")
    assert refused.exit_code == 2
    assert "is the workspace itself" in refused.output
    assert run("status", "--db", path).exit_code == 0


def test_forget_begins_with_the_defaults(tmp_path: Path) -> None:
    assert auto("--db", tmp_path / "w.db", "--target", "2", "--max-requests", "500").exit_code == 0
    assert auto("--db", tmp_path / "w.db", "--target", "3", "--forget").exit_code == 0
    with Workspace.open(tmp_path / "w.db") as workspace:
        assert workspace.settings.read() == {"target": 3, "rng_seed": 2}


def test_a_workspace_does_not_remember_keys_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text('[keys]\naccept = "y"\n')
    refused = auto("--db", tmp_path / "w.db", "--target", "2")
    assert refused.exit_code == 2
    assert "y is assigned to both accept and copy" in refused.output
    (tmp_path / "selfinstruct.toml").unlink()
    assert auto("--db", tmp_path / "w.db", "--target", "2").exit_code == 0


def test_a_workspace_does_not_remember_a_theme_that_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text('theme = "textual-lihgt"\n')
    refused = auto("--db", tmp_path / "w.db", "--target", "2")
    assert refused.exit_code == 2
    assert "There is no theme 'textual-lihgt'. Did you mean 'textual-light'?" in refused.output
    (tmp_path / "selfinstruct.toml").unlink()
    assert auto("--db", tmp_path / "w.db", "--target", "2").exit_code == 0


def test_an_export_without_a_row_says_why_and_ends_with_code_1(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        Engine(workspace, resolve({}))
    result = run("export", "--db", path, "--out", tmp_path / "t.jsonl")
    assert result.exit_code == 1
    assert "is empty: no accepted task has kept instances yet" in result.stderr
    assert (tmp_path / "t.jsonl").read_text() == ""
    assert "is written but empty" in run("export", "--help").stdout


def test_read_only_refuses_what_it_would_not_keep(grown: Path) -> None:
    for words in (["--max-cost", "5"], ["--forget"], ["--no-clf-only"]):
        result = CliRunner().invoke(selfinstruct_tui, ["--read-only", "--db", str(grown), *words])
        assert result.exit_code == 2
        assert "--read-only changes nothing" in result.output


def test_embeddings_without_a_key_say_what_to_give_instead(tmp_path: Path) -> None:
    result = auto("--db", tmp_path / "w.db", "--target", "1", "--model", "offline", "--embeddings", "nosuch")
    assert result.exit_code == 4
    assert "--embeddings-url" in result.output
    assert "--embeddings offline" in result.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '{"id": "s", "is_classification": false, "instances": [{"output": "x"}]}',
            "field instruction is missing",
        ),
        (
            '{"id": "s", "instruction": " ", "is_classification": false, "instances": [{"output": "x"}]}',
            "instruction is blank",
        ),
        ("7", "it must be a JSON object"),
    ],
)
def test_a_wrong_seed_is_named_with_its_line_and_field(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "s.jsonl").write_text(f"\n{line}\n")
    result = auto("--db", tmp_path / "w.db", "--target", "1", "--seeds", tmp_path / "s.jsonl")
    assert result.exit_code == 2
    assert f"In line 2 of {tmp_path}/s.jsonl, " in result.output
    assert said in result.output
    assert "alue error" not in result.output


def test_why_a_file_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_bytes(b"\xff\xfe\x00")
    for option, name, said in (
        ("--seeds", "none.jsonl", "no such file"),
        ("--prompts", "none.toml", "no such file"),
        ("--seeds", "s.jsonl", "not UTF-8 text"),
    ):
        result = auto("--db", tmp_path / "w.db", "--target", "1", option, tmp_path / name)
        assert said in result.output
        assert "Errno" not in result.output


@pytest.mark.long
def test_a_reader_that_goes_away_does_not_end_the_work(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "selfinstruct-tui"
    line = f"{program} --auto --target 60 --db {tmp_path / 'w.db'} | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with Workspace.open(tmp_path / "w.db") as workspace:
        assert workspace.counts().pool["model"] == 60
