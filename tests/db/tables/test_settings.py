"""Settings are stored by name, and what is learned of a model stays with its address."""

from selfinstruct.db.workspace import Workspace

_ONE, _OTHER = ("http://a/v1", "m"), ("http://b/v1", "m")


def test_a_change_keeps_the_settings_that_it_does_not_name(workspace: Workspace) -> None:
    workspace.settings.write({"model": "m", "max_cost": 1.5})
    workspace.settings.change({"model": "n", "theme": "明るい"})
    assert workspace.settings.read() == {"model": "n", "max_cost": 1.5, "theme": "明るい"}


def test_the_cost_limit_is_the_one_that_any_program_set_last(workspace: Workspace) -> None:
    assert workspace.settings.cost_limit() is None
    workspace.settings.write({"max_cost": 1.5})
    with Workspace.open(workspace.path) as other:
        other.settings.change({"max_cost": 2.5})
    assert workspace.settings.cost_limit() == 2.5
    workspace.settings.change({"max_cost": None})
    assert workspace.settings.cost_limit() is None


def test_what_is_learned_of_a_model_adds_up_and_is_that_models_alone(workspace: Workspace) -> None:
    assert workspace.settings.learned(*_ONE) == {}
    workspace.settings.learn(*_ONE, {"max_tokens": "max_completion_tokens"})
    workspace.settings.learn(*_OTHER, {"top_p": None})
    workspace.settings.learn(*_ONE, {"stop": None})
    workspace.settings.learn(*_ONE, {"stop": "stops"})
    assert workspace.settings.learned(*_ONE) == {"max_tokens": "max_completion_tokens", "stop": "stops"}
    assert workspace.settings.learned(*_OTHER) == {"top_p": None}
    assert workspace.settings.learned("http://a/v1", "n") == {}
