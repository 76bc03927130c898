"""Connection tests, with their outcomes as sentences."""

from dataclasses import dataclass

from selfinstruct.core.endpoint.key_consent import KeyConsent
from selfinstruct.core.endpoint.probe import (
    Connected,
    ConnectionFailedError,
    listed,
    models_offered,
    try_connection,
)
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.settings.model import Settings


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """The outcome of a connection test."""

    worked: bool
    sentence: str
    """The message, starting with a check mark or a cross."""
    models: tuple[str, ...] = ()
    """The models that the server listed, best match first."""


async def outcome_of(settings: Settings, consent: KeyConsent) -> ProbeOutcome:
    """Test the endpoint with one tiny request."""
    try:
        connected = await try_connection(settings, consent=consent)
    except ConnectionFailedError as error:
        return ProbeOutcome(False, f"✗ {error}", error.models)
    except EndpointUnusableError as error:
        return ProbeOutcome(False, f"✗ {error}")
    return ProbeOutcome(True, f"✓ {_success(connected, settings)}", (connected.model,))


async def models_of(settings: Settings, consent: KeyConsent) -> ProbeOutcome:
    """Ask the server for its list of models, without a request to any model."""
    try:
        models = await models_offered(settings, consent)
    except (ConnectionFailedError, EndpointUnusableError) as error:
        return ProbeOutcome(False, f"✗ {error}")
    if not models:
        return ProbeOutcome(False, "✗ The model's name is missing, and the server does not list its models.")
    if len(models) == 1:
        sentence = (
            f"The model's name was missing; {models[0]}, the only model there, is filled in. Test again."
        )
        return ProbeOutcome(False, sentence, tuple(models))
    return ProbeOutcome(
        False,
        f"✗ The model's name is missing. The server has {listed(models)}. Type the first letters of one;"
        " → completes it.",
        tuple(models),
    )


def _success(connected: Connected, settings: Settings) -> str:
    sentence = f"It works: {connected.model} answered in {connected.seconds:.1f} s."
    if connected.thinks:
        sentence += " It thinks before it answers: reserve tokens for that with thinking_tokens."
    if settings.is_free:
        return sentence
    if connected.cost_usd is None:
        return f"{sentence} The cost of the test is unknown; it is not counted in the workspace."
    return f"{sentence} The test cost ${connected.cost_usd:.6f}, which is not counted in the workspace."
