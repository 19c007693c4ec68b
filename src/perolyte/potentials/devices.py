"""Where a potential computes, and in which type."""

from __future__ import annotations

import torch

from perolyte.errors import PotentialError

__all__ = ["choose_device", "choose_dtype"]

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


def choose_device(device: str | torch.device | None = None) -> str:
    """Return the torch device to use: the one asked for, or CUDA where there is one.

    Raises
    ------
    PotentialError
        If the name is not that of a device, or a CUDA device is asked for and there is none.

    Examples
    --------
    >>> choose_device("cpu")
    'cpu'
    """
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        chosen = torch.device(device)
    except RuntimeError as err:
        raise PotentialError(
            f"device {device!r} is unknown to torch; use 'cpu', or 'cuda' on a machine with a GPU"
        ) from err
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise PotentialError(
            f"device {str(device)!r} asked for, but torch {torch.__version__} sees no GPU here; "
            "use 'cpu', or install a CUDA build of torch on a machine with a GPU"
        )
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise PotentialError(
            f"device {str(device)!r} asked for, but there are {torch.cuda.device_count()} GPUs "
            "here, counted from 0; use one of those"
        )
    if chosen.type not in ("cpu", "cuda"):
        raise PotentialError(f"device {str(device)!r} is not supported; use 'cpu' or 'cuda'")
    return str(chosen)


def choose_dtype(dtype: str | torch.dtype) -> torch.dtype:
    """Return the torch type of a name.

    Raises
    ------
    PotentialError
        If it is neither float32 nor float64.
    """
    if dtype in _DTYPES.values():
        return dtype  # type: ignore[return-value]
    if dtype not in _DTYPES:
        raise PotentialError(f"dtype {dtype!r} is not supported; use 'float32' or 'float64'")
    return _DTYPES[str(dtype)]
