"""The export formats, one module each; `core/export/registry.py` lists them."""
