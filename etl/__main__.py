"""``python -m etl`` is the same as ``wiki-etl``."""

import sys

from etl.cli import main

if __name__ == "__main__":
    sys.exit(main())
