import os
from importlib.metadata import version

VERSION = version("threads-exporter")
REVISION = os.environ.get("THREADS_EXPORTER_REVISION", "unknown")
"""The commit that an image was built from."""
