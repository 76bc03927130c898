"""The HTTP client of the embeddings endpoint."""

from typing import TYPE_CHECKING, Any

from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.addresses import usual_end
from selfinstruct.core.settings.model import Settings
from selfinstruct.db.records import Parameters, Prompt

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class EmbeddingsEndpoint(Endpoint):
    """An embedding model at an address, built from `Settings.of_embeddings`."""

    _MODEL, _URL, _KEY = (
        setting("embeddings"),
        setting("embeddings_url"),
        setting("embeddings_key_env"),
    )

    @staticmethod
    def _endpoints(settings: Settings) -> int:
        del settings
        return 2  # this endpoint and the model's

    def _call(self, client: "AsyncOpenAI", prompt: Prompt, parameters: Parameters) -> Any:
        # Without an explicit format the client requests base64; servers that rejected it get "float".
        body = {"encoding_format": "float"} | parameters
        create: Any = client.embeddings.with_streaming_response.create
        return create(model=self.model, input=list(prompt), extra_body=body)

    def _unknown(self, status: int, told: str) -> str:
        end = usual_end(self.address)
        usual = f" ({end})" if end else ""
        return (
            f"{self.address} knows no model '{self.model}', or has no embeddings (status {status}){told}"
            f" Check {self._MODEL} and {self._URL}{usual}, or continue without embeddings:"
            f' {self._MODEL} "".'
        )
