"""`parquet`: chat messages as a column of one Parquet file; `hub`: the same in a folder with a card."""

from selfinstruct.core.export.format_kinds import ParquetFormat

PARQUET = ParquetFormat("parquet", "chat messages as a Parquet file")
HUB = ParquetFormat(
    "hub", "a folder with Parquet files and a README.md, as datasets.load_dataset takes it", is_folder=True
)
