"""Run tests, and the programs that they start, without pysqlite3.

Usage: `python -m pytest -p tests.system_sqlite.plugin`.

So the standard library's SQLite is in use, with the journal that suits its version.
"""

import os
from pathlib import Path

from tests.system_sqlite import sitecustomize as sitecustomize

os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
)
