"""What requests cost. Unknown is unknown, never 0."""

from selfinstruct.core.settings import Price, Settings

_MILLION = 1_000_000
_OVERHEAD_TOKENS = 200
"""More than any chat template adds around the messages."""


class Prices:
    """The price of one workspace's model: the person's own, else the known list price of OpenAI's."""

    def __init__(self, settings: Settings) -> None:
        self._price = settings.prices.get(settings.model)
        self._free = settings.is_free
        self._model = settings.model
        self._address = settings.address

    @property
    def known(self) -> bool:
        """Whether a cost can be told at all."""
        return self.cost(1, 1) is not None

    def cost(self, prompt_tokens: int | None, completion_tokens: int | None) -> float | None:
        """USD for these tokens; None when the price or the tokens are unknown."""
        if self._free:
            return 0.0
        if prompt_tokens is None or completion_tokens is None:
            return None
        price = self._price or self._listed()
        if price is None:
            return None
        return (prompt_tokens * price.input + completion_tokens * price.output) / _MILLION

    def at_most(self, prompt_bytes: int, max_tokens: int) -> float | None:
        """USD that a request can cost at most: no tokenizer makes more tokens than there are bytes."""
        return self.cost(prompt_bytes + _OVERHEAD_TOKENS, max_tokens)

    def _listed(self) -> Price | None:
        """The list price for a million tokens each way, from genai-prices' offline data."""
        from genai_prices import Usage, calc_price  # noqa: PLC0415 - heavy, and only paid endpoints need it

        try:
            whole = calc_price(
                Usage(input_tokens=_MILLION, output_tokens=_MILLION),
                self._model,
                provider_api_url=self._address,
            )
        except LookupError:
            return None
        return Price(input=float(whole.input_price), output=float(whole.output_price))
