"""The registry of trainers: the values of `--for`, in the order shown by its help.

To add a trainer, write a module in `core/export/trainers` and add a line here (docs/contributing.md).
"""

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.trainer_kinds import Trainer
from selfinstruct.core.export.trainers.axolotl import AXOLOTL
from selfinstruct.core.export.trainers.fireworks import FIREWORKS
from selfinstruct.core.export.trainers.llamafactory import LLAMAFACTORY
from selfinstruct.core.export.trainers.ms_swift import MS_SWIFT
from selfinstruct.core.export.trainers.openai import OPENAI
from selfinstruct.core.export.trainers.together import TOGETHER
from selfinstruct.core.export.trainers.trl import TRL
from selfinstruct.core.export.trainers.unsloth import UNSLOTH

TRAINERS: tuple[Trainer, ...] = (
    TRL,
    AXOLOTL,
    LLAMAFACTORY,
    MS_SWIFT,
    UNSLOTH,
    OPENAI,
    TOGETHER,
    FIREWORKS,
)


def trainer_of(name: str) -> Trainer:
    """The trainer with this name.

    Raises:
        ExportError: The name is unknown.
    """
    for one in TRAINERS:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in TRAINERS)
    raise ExportError(f"'{name}' is not a trainer that is known. Give one of {names}.")
