"""The trainers, one module each; `core/export/trainers/registry.py` lists them."""
