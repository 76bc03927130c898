"""The shapes of rows, one module each; `core/dataset_files/registry.py` lists them."""
