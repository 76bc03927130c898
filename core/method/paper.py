"""Constants of the paper (arXiv 2212.10560) that several stages share."""

IN_CONTEXT_SEEDS, IN_CONTEXT_MODEL = 6, 2
"""A propose prompt lists 8 instructions: 6 seeds and 2 of the model's own (section 2.2)."""

IN_CONTEXT = IN_CONTEXT_SEEDS + IN_CONTEXT_MODEL

MAX_INSTANCES = 5
