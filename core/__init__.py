"""The Self-Instruct method (arXiv 2212.10560): propose, assess, classify, instantiate, export.

Nothing here knows the terminal or SQL. `selfinstruct.core.engine.Engine` is the way in.
"""
