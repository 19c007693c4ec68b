"""perolyte: from a crystal structure to an ionic conductivity with an honest error bar.

Importing the package is cheap on purpose: it loads neither torch nor a workflow engine. Import the
part you need, for example ``from perolyte.flows import DopingScreenMaker``.
"""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("perolyte")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
