"""The detail of a task: its text, the words marked in it, its label and its history."""

from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.screens.tasks.detail_text import head
from selfinstruct.tui.text.safe_text import LABEL_WORDS
from tests.conftest import OpenEngine
from tests.core.reparsing.old_readings import Ledger
from tests.tui.curating import Curator, curating


async def test_text_of_a_model_is_shown_and_never_obeyed(engine_on: OpenEngine, workspace: Workspace) -> None:
    hostile = "Say [/] [bold]x[/bold] [@click=app.exit]y[/] \x1b[2J \u202e \u200b and so on"
    engine = engine_on()
    task_id = workspace.tasks.add(hostile, origin="model", at="now", batch=0, held=True)
    engine.assess([task_id])
    async with curating(engine) as curator:
        detail = await curator.detail()
        assert "[/] [bold]x[/bold] [@click=app.exit]y[/]" in detail
        assert not {"\x1b", "\u202e", "\u200b"} & set(detail)
        line = "".join(segment.text for segment in curator.table.render_line(1))
        assert "[bold]x" in line
        assert not {"\x1b", "\u202e", "\u200b"} & set(line)


async def test_an_edit_taken_back_brings_back_what_the_model_said_of_the_label(curator: Curator) -> None:
    task = curator.current()
    await curator.until(lambda: curator.task(task.id).label is not None)
    asked = curator.task(task.id).classify_request_id
    await curator.press("e", "!", "enter")
    assert curator.task(task.id).classify_request_id != asked
    await curator.press("u")
    assert curator.task(task.id).classify_request_id == asked
    assert "the model said" in await curator.detail()


async def test_a_label_set_by_a_person_stands_before_what_the_model_said(curator: Curator) -> None:
    task_id = curator.current().id
    await curator.until(lambda: curator.task(task_id).label is not None)
    was = LABEL_WORDS[curator.task(task_id).label or ""]
    assert "set by a person" not in await curator.detail()
    await curator.press("c")
    is_ = LABEL_WORDS[curator.task(task_id).label or ""]
    told = await curator.detail()
    assert f'{is_}, set by a person  the model said "' in told
    assert f"label: {was} → {is_}" in told
    await curator.press("u")
    assert "set by a person" not in await curator.detail()
    assert f"label: {is_} → {was}" in await curator.detail()


def test_in_another_language_keywords_and_shared_words_are_marked_where_they_stand(
    engine_on: OpenEngine,
) -> None:
    engine = engine_on(language="ko")
    text = "새로 찍은 그림을 보고 학급 신문에 실을 짧은 기사를 써 주세요."
    for instruction in (text, "새로 들은 소식을 보고 학급 신문에 실을 긴 기사를 써 주세요."):
        engine.workspace.tasks.add(instruction, origin="model", at="now", held=True)
    near = engine.workspace.tasks.last_id()
    engine.decisions.accept(near)
    shown = head(engine, engine.workspace.tasks.get(near - 1), engine.assessor.neighbours(text, but=near - 1))
    marked = {(text[span.start : span.end], span.style) for span in shown.spans if span.end <= len(text)}
    assert ("그림을 보고", "reverse") in marked
    assert {"을 보고 학급 신문에 실을", "기사를 써 주세요"} <= {
        word for word, style in marked if style == "underline"
    }


async def test_what_reparsing_changed_is_in_the_history_and_one_u_takes_it_back(
    engine_on: OpenEngine,
) -> None:
    ledger = Ledger(engine_on(), of_tasks=lambda read: [f"Poem task: {one}" for one in read])
    ids = ledger.propose("Write a poem about the sea in winter.", "Name three rivers that flow south.")
    ledger.reparse()
    async with curating(ledger.engine) as curator:
        assert curator.current().instruction == "Write a poem about the sea in winter."
        assert "edit by reparse\n" in await curator.detail()
        await curator.press("u")
        assert "and 1 more" in curator.shown("#message")
        assert [curator.task(task_id).instruction[:10] for task_id in ids] == ["Poem task:"] * 2
        assert "undo by human, reparse\n" in await curator.detail()


async def test_what_is_suggested_stands_in_the_detail_until_a_person_has_decided(curator: Curator) -> None:
    task_id = curator.current().id
    suggestions = curator.engine.workspace.suggestions
    suggestions.add(task_id, "accept", person="bot", at="2026-12-01T10:00:00")
    suggestions.add(task_id, "reject", reason="off \x1btopic", person="bot", at="2026-12-01T11:00:00")
    suggestions.add(
        task_id, "edit", instruction="Name [b]four[/b] fish.", person="eve", at="2026-12-01T12:00:00"
    )
    curator.app.at_hand.refresh_all()
    told = await curator.detail()
    head = told.split("Nearest in the pool")[0]
    assert "bot suggests: reject (off ␛topic)\n" in head
    assert "eve suggests: edit\n  Name [b]four[/b] fish.\n" in head
    assert "bot suggests: accept" not in head
    await curator.press("r", "k")
    await curator.until(lambda: curator.current().id == task_id)
    told = await curator.detail()
    assert "suggests" not in told.split("Nearest in the pool")[0]
    history = told.split("History")[1]
    assert "2026-12-01 10:00  bot suggests: accept\n" in history
    assert "reject by human" in history


async def test_the_history_names_the_person(engine_on: OpenEngine, workspace: Workspace) -> None:
    workspace.tasks.add("Name four fish of the sea.", origin="model", at="now", batch=0, held=True)
    workspace.decisions.person = "anna"
    async with curating(engine_on()) as curator:
        await curator.until(lambda: curator.engine.assessor.is_ready)
        await curator.press("c")
        assert "relabel by anna\n" in await curator.detail()
        await curator.press("u")
        assert "undo by anna" in await curator.detail()
