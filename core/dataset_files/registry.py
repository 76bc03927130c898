"""The registry of row shapes; a row is read by the first that fits it, those of plugins before ours.

To add a shape, write a module in `core/dataset_files/shapes` and add a line here (docs/contributing.md).
"""

from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.shapes.alpaca import ALPACA
from selfinstruct.core.dataset_files.shapes.instructions import INSTRUCTIONS
from selfinstruct.core.dataset_files.shapes.messages import MESSAGES
from selfinstruct.core.dataset_files.shapes.preference import PREFERENCE
from selfinstruct.core.dataset_files.shapes.prompt_completion import PROMPT_COMPLETION
from selfinstruct.core.dataset_files.shapes.raw_instances import RAW_INSTANCES
from selfinstruct.core.dataset_files.shapes.raw_proposals import RAW_PROPOSALS
from selfinstruct.core.dataset_files.shapes.seed_tasks import SEED_TASKS
from selfinstruct.core.dataset_files.shapes.sharegpt import SHAREGPT
from selfinstruct.core.dataset_files.values import Fields
from selfinstruct.core.plugins import plugins

SHAPES: tuple[Shape, ...] = (
    PREFERENCE,
    MESSAGES,
    SHAREGPT,
    SEED_TASKS,
    RAW_INSTANCES,
    RAW_PROPOSALS,
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


def asked_in(fields: Fields) -> str | None:
    """Return what a row of a known shape asks: its instruction, or the first text of the user.

    None if it has no known shape, or no text there.

    Raises:
        RowError: it has to be read to know, and cannot be.
    """
    shape = shape_of(fields)
    if shape is None:
        return None
    if shape.asked is not None:
        return shape.asked(fields)
    first = next(iter(shape.read(fields, 0)), None)
    return first.instruction if isinstance(first, DataRow) else None
