"""The Dagster UI and daemon on this machine only, over the same instance that the refresh writes.
Not here: access from other machines, which wants a proxy with authentication in front."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from pipelines.runs import dagster_instance
from pipelines.settings import ROOT, Settings


def main() -> int:
    """`python -m pipelines.ui [--port 3000]`: serves until stopped."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=3000)
    arguments = parser.parse_args()
    dagster_instance(Settings()).dispose()  # writes dagster.yaml and sets DAGSTER_HOME
    command = [
        sys.executable, "-m", "dagster", "dev", "--workspace", str(ROOT / "workspace.yaml"),
        "--host", "127.0.0.1", "--port", str(arguments.port),
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    try:
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
