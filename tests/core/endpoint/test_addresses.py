"""Requests to addresses with a version, and keys in Azure's header: over real HTTP."""

import pytest

from tests.conftest import OpenEngine
from tests.core.endpoint.test_client import carry_out
from tests.server import ModelServer


@pytest.mark.parametrize("typed", ["", "/chat/completions"])
async def test_a_version_in_the_address_goes_with_every_request(
    engine_on: OpenEngine, server: ModelServer, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setenv("AZURE_KEY", "sk-azure-1")
    base = server.url.removesuffix("/v1")
    url = f"{base}/openai/deployments/d{typed}?api-version=2024-10-21"
    async with engine_on(base_url=url, model="m", api_key_env="AZURE_KEY") as engine:
        assert (await carry_out(engine)).state == "parsed"
    (request,) = server.received
    assert request.path == "/openai/deployments/d/chat/completions?api-version=2024-10-21"
    assert request.headers["api-key"] == "sk-azure-1"
    assert "authorization" not in request.headers
