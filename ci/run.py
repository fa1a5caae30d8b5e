"""Runs tessera_ci from this checkout: `python3 -I ci/run.py check`.

With -I, Python imports nothing from the folder of the repository that is checked.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python" / "src"))
# The checkout of an action may be read-only or shared.
sys.dont_write_bytecode = True

from tessera_ci.__main__ import main  # noqa: E402

sys.exit(main())
