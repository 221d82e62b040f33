"""python -m tl_core"""

from tl_core.cli import main

if __name__ == "__main__":
    main()
