"""Reads weights from a checkpoint file that nobody needs to trust."""

from __future__ import annotations

import pickle  # only for the name of its error  # nosec B403
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

_ADVICE = "Save the weights alone, with torch.save(model.state_dict(), path)."


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Return the weights in a checkpoint, on the CPU, without running any code that is pickled in it.

    Two habits of training scripts are understood: the state_dict as entry `state_dict` of a larger checkpoint, and the
    prefix `module.` that `DataParallel` puts before every key.

    Raises:
        ValueError: the file is not a checkpoint, or holds other objects than weights and plain values.
        OSError: there is no such file.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path.name} is refused: it is no checkpoint, or it holds Python objects beside the weights; unpickling "
            f"those would run code that the file brings along. {_ADVICE}"
        ) from error
    except OSError:
        raise
    except Exception as error:
        # Whatever the bytes of a file that is no checkpoint mean to torch: RuntimeError, EOFError, KeyError...
        raise ValueError(f"{path.name} cannot be read as a checkpoint. {_ADVICE}") from error
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    ):
        raise ValueError(f"{path.name} is not a state_dict. {_ADVICE}")
    consume_prefix_in_state_dict_if_present(content, "module.")
    return content
