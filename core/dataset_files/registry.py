"""The registry of row shapes; a row is read by the first that fits it, those of plugins before ours.

To add a shape, write a module in `core/dataset_files/shapes` and add a line here (docs/contributing.md).
"""

from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.shapes.alpaca import ALPACA
from selfinstruct.core.dataset_files.shapes.instructions import INSTRUCTIONS
from selfinstruct.core.dataset_files.shapes.messages import MESSAGES
from selfinstruct.core.dataset_files.shapes.preference import PREFERENCE
from selfinstruct.core.dataset_files.shapes.prompt_completion import PROMPT_COMPLETION
from selfinstruct.core.dataset_files.shapes.raw_instances import RAW_INSTANCES
from selfinstruct.core.dataset_files.shapes.seed_tasks import SEED_TASKS
from selfinstruct.core.dataset_files.shapes.sharegpt import SHAREGPT
from selfinstruct.core.dataset_files.values import Fields
from selfinstruct.core.plugins import plugins

SHAPES: tuple[Shape, ...] = (
    MESSAGES,
    SHAREGPT,
    PREFERENCE,
    SEED_TASKS,
    RAW_INSTANCES,
    PROMPT_COMPLETION,
    ALPACA,
    INSTRUCTIONS,
)
SHAPES = (
    *plugins("selfinstruct.importers", Shape, named=lambda one: one.name, taken={one.name for one in SHAPES}),
    *SHAPES,
)


def shape_of(fields: Fields) -> Shape | None:
    """Return the first shape that fits a row; None if none does."""
    return next((shape for shape in SHAPES if shape.fits(fields)), None)
