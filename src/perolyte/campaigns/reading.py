"""Read a campaign file: bytes, and the mapping they spell in YAML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from perolyte.errors import InputError

__all__ = ["parse_yaml", "read_bytes"]

_EXPONENT_WITHOUT_POINT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+")


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads ``1e-8`` as a number, as people mean it, and refuses a key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    message = f"key {key.value!r} is there twice"
                    raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", _EXPONENT_WITHOUT_POINT, list("-+0123456789")
)


def read_bytes(path: Path) -> bytes:
    """Read a campaign file.

    Raises
    ------
    InputError
        If there is none, or it is not a readable file.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"campaign file {path} does not exist; check the path") from None
    except (OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or err
        raise InputError(
            f"campaign file {path} cannot be read ({reason}); give a YAML file"
        ) from err


def parse_yaml(data: bytes, path: Path) -> dict[str, Any]:
    """Parse the content of a campaign file.

    Raises
    ------
    InputError
        If it is not YAML, or not a mapping.
    """
    try:
        # a subclass of SafeLoader: it makes plain data only
        content = yaml.load(data, Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as err:
        mark = getattr(err, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = getattr(err, "problem", None) or str(err).splitlines()[0]
        raise InputError(f"{path} is not valid YAML{where}: {problem}; mend the file") from err
    if not isinstance(content, dict):
        kind = {"NoneType": "nothing"}.get(type(content).__name__, f"a {type(content).__name__}")
        raise InputError(
            f"{path} holds {kind}, not a campaign; it needs keys such as name, potential, parent "
            "and dopings: see workflows/quickstart.yaml"
        )
    return content
