"""A data file: what it is recognized as, and its rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from selfinstruct.core.dataset_files.bytes_reader import BytesReader
from selfinstruct.core.dataset_files.containers import container_of
from selfinstruct.core.dataset_files.json_rows import Value
from selfinstruct.core.dataset_files.mapping import lacks, mapped, require_known
from selfinstruct.core.dataset_files.registry import shape_of
from selfinstruct.core.dataset_files.row import BadRow, DataRow, RowError
from selfinstruct.core.dataset_files.values import Fields, listed
from selfinstruct.core.errors import ImportDataError
from selfinstruct.core.util.did_you_mean import nearest
from selfinstruct.db.records import Label

_LOOKED_AT = 100
"""Rows by which a file's shape is recognized."""
_MAPPED = "mapped"
_REQUIRED = {"instruction", "output"}
"""Mapped fields that every row must have; others may be missing."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """What a file was recognized as."""

    shape: str
    """The name of the shape that most rows have."""
    container: str
    """What the rows are in: JSON Lines, a JSON array, CSV, TSV or Parquet."""
    sentence: str
    """What it was recognized as, and why."""


class DataFile:
    """The rows of a file.

    Args:
        path: The file.
        mapping: The names that fields have in it, by our names; empty: they are recognized.
        labels: Labels that another file has for the instructions in this one.

    Raises:
        ImportDataError: it cannot be read, or no row has a known shape.
    """

    def __init__(
        self,
        path: Path,
        *,
        mapping: Mapping[str, str] | None = None,
        labels: Mapping[str, Label] | None = None,
    ) -> None:
        self.path = path
        self.mapping = dict(mapping or {})
        self.labels = labels or {}
        require_known(self.mapping)
        self._reader = BytesReader(path)
        self._container = container_of(self._reader)
        self.recognized = self._recognize()

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self._reader.size

    @property
    def position(self) -> int:
        """How many of the bytes have been read."""
        return self._reader.position

    def rows(self) -> Iterator[DataRow | BadRow]:
        """Yield the rows in order; each time from the beginning.

        Raises:
            ImportDataError: the file cannot be read to its end.
        """
        for value in self._container.values():
            if isinstance(value, BadRow):
                yield value
                continue
            try:
                # All rows of a line or none.
                yield from list(self._read(value))
            except RowError as error:
                yield BadRow(value.line, str(error), value.text)

    def _read(self, value: Value) -> Iterator[DataRow | BadRow]:
        fields = value.value
        if not isinstance(fields, dict):
            raise RowError("is not a JSON object")
        if self.mapping:
            required = {name: path for name, path in self.mapping.items() if name in _REQUIRED}
            if (path := lacks(fields, required)) is not None:
                raise RowError(f"has no field {path}")
            fields = mapped(fields, self.mapping)
        shape = shape_of(fields)
        if shape is None:
            raise RowError(f"has none of the known shapes; its fields are {listed(value.value)}")
        label = self.labels.get(fields["instruction"]) if self.labels and "instruction" in fields else None
        if label is not None and fields.get("is_classification") is None:
            fields = {**fields, "is_classification": label == "classification"}
        yield from shape.read(fields, value.line)

    def _recognize(self) -> Recognized:
        looked_at = list(islice(self._container.values(), _LOOKED_AT))
        values = [one.value for one in looked_at if isinstance(one, Value) and isinstance(one.value, dict)]
        if not looked_at:
            raise ImportDataError(f"{self.path} has no rows.")
        if not values:
            first = next((one for one in looked_at if isinstance(one, BadRow)), None)
            why = f" ({_where(first)})" if first else ""
            raise ImportDataError(
                f"{self.path} is none of the known kinds of files: JSON Lines, a JSON array, CSV, TSV or"
                f" Parquet{why}."
            )
        packed = ", compressed" if self._reader.is_compressed else ""
        encoding = "" if self._reader.encoding.startswith("utf-8") else f", {self._reader.encoding.upper()}"
        inside = f"{self._container.name}{encoding}{packed}"
        if self.mapping:
            self._require_mapped(values)
            told = ", ".join(f"{name} from {path}" for name, path in self.mapping.items())
            return Recognized(_MAPPED, self._container.name, f"{inside} with {told}.")
        shapes = [shape_of(one) for one in values]
        counted = Counter(shape for shape in shapes if shape is not None)
        if not counted:
            raise ImportDataError(
                f"The rows of {self.path} have none of the known shapes; their fields are"
                f" {listed(values[0])}. Say which is which: --map instruction=question --map output=answer."
            )
        shape, _ = counted.most_common(1)[0]
        others = ", ".join(f"{other.name} ({number})" for other, number in counted.most_common()[1:])
        mixed = f"; of the first {len(values)} rows some are {others}" if others else ""
        fields = listed(next(one for one, its in zip(values, shapes, strict=True) if its is shape))
        sentence = f"{inside} of {shape.about}, by the fields {fields}{mixed}."
        return Recognized(shape.name, self._container.name, sentence)

    def _require_mapped(self, values: Sequence[Fields]) -> None:
        missing = [lacks(one, self.mapping) for one in values]
        if all(missing):
            name = missing[0]
            assert name is not None
            near = nearest(name, list(values[0]))
            meant = f" Did you mean {near}?" if near else ""
            raise ImportDataError(
                f"No row of {self.path} has the field {name}; their fields are {listed(values[0])}.{meant}"
            )


def open_data(paths: Sequence[Path], *, mapping: Mapping[str, str] | None = None) -> list[DataFile]:
    """Open data files that are imported together.

    A file that has only instructions and labels gives its labels to the tasks of the other files, as in the
    published files of the paper.

    Raises:
        ImportDataError: one cannot be read, or no row of it has a known shape.
    """
    paths = [file for path in paths for file in _files_of(path)]
    found = [DataFile(path, mapping=mapping) for path in paths]
    if len(found) == 1:
        return found
    labels: dict[str, Label] = {}
    for data in found:
        if data.recognized.shape == "instructions":
            labels |= {
                row.instruction: row.label
                for row in data.rows()
                if isinstance(row, DataRow) and row.label is not None
            }
    if not labels:
        return found
    return [DataFile(path, mapping=mapping, labels=labels) for path in paths]


def _files_of(path: Path) -> list[Path]:
    """Return the data files of a folder in the layout of the Hub, or the file itself.

    Raises:
        ImportDataError: it is a folder without such files.
    """
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("data/*.parquet"))
    if not found:
        raise ImportDataError(f"{path} is a folder without data/*.parquet. Name the files in it.")
    return found


def _where(bad: BadRow) -> str:
    return f"row {bad.line} {bad.reason}"
