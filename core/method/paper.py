"""Constants of the paper (arXiv 2212.10560) that several stages share."""

IN_CONTEXT_SEEDS, IN_CONTEXT_MODEL = 6, 2
"""In-context instructions of a propose prompt: 6 seeds and 2 accepted model tasks (section 2.2)."""

IN_CONTEXT = IN_CONTEXT_SEEDS + IN_CONTEXT_MODEL

MAX_INSTANCES = 5
NEW_TASKS = 8
"""New instructions that a propose prompt asks for."""
