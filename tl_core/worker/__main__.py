"""python -m tl_core.worker service --models FOLDER"""

import sys
from pathlib import Path

from tl_core.worker import service

if __name__ == "__main__":
    service.main(Path(sys.argv[sys.argv.index("--models") + 1]))
