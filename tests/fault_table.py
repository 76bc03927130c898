"""The table of faults: all rows, by subject."""

from tests.answer_rows import ANSWER_ROWS
from tests.fault_rows import ROWS
from tests.gateway_rows import GATEWAY_ROWS
from tests.refusal_rows import REFUSAL_ROWS
from tests.status_rows import STATUS_ROWS

FAULTS = [*ROWS, *STATUS_ROWS, *REFUSAL_ROWS, *GATEWAY_ROWS, *ANSWER_ROWS]
