"""The filters, one module each; `core/filtering/registry.py` lists them."""
