"""The pool in memory: what candidates are compared with and prompts are sampled from."""
