"""python -m tl_core.worker KIND --models FOLDER [--device NAME]: started by the dashboard."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tl_core.worker", description=__doc__)
    parser.add_argument("kind", choices=("training", "service", "explore"))
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if given.kind == "training" and hasattr(os, "nice"):
        os.nice(10)  # Pages have priority, also while this process loads libraries.
    from tl_core.backbones import added

    added.use(given.models)
    if given.kind == "training":
        from tl_core.worker import training

        training.main(given.models, given.device)
        # Everything is on disk, and TensorFlow's own shutdown takes seconds.
        logging.shutdown()
        os._exit(0)
    elif given.kind == "explore":
        from tl_core.worker import explore

        explore.main(given.models)
    else:
        from tl_core.worker import service

        service.main(given.models)


if __name__ == "__main__":
    main()
