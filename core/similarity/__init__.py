"""ROUGE-L nearest neighbours and nearest vectors, exact and fast."""

from selfinstruct.core.similarity.rouge_index import Neighbour, RougeIndex

__all__ = ["Neighbour", "RougeIndex"]
