"""The outputs of a run's exported network on each test image: test_outputs.bin, of the form of `output_file` with one row.

Written with the test report, the only time that the test images are seen, and removed with it.
"""

from __future__ import annotations

import io

from tl_core.files import write_bytes
from tl_core.metrics import Measured
from tl_core.store.output_file import FILES, put_row
from tl_core.store.outputs import Outputs, read_epoch_outputs
from tl_core.store.run import Run


def read_test_outputs(run: Run) -> Outputs | None:
    """The outputs, of one epoch: the exported; None if there are none. Raises Damaged if the file cannot be read."""
    return read_epoch_outputs(run, 1, "test")


def write_test_outputs(run: Run, measured: Measured) -> None:
    made = io.BytesIO()
    put_row(made, "test", 1, measured)
    write_bytes(run.folder / FILES["test"], made.getvalue())
