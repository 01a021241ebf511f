"""Render the photograph of a warehouse bin with one to five objects in it.

A small ray tracer: `scene` decides what lies where, `light` how it is lit, `camera` what a lens, a sensor and
a JPEG encoder make of it. Only numpy and Pillow are needed.
"""

import numpy as np
from PIL import Image

from model_server.sample_model.camera import develop
from model_server.sample_model.light import illuminate, make_lamps
from model_server.sample_model.scene import compose, look


def render_bin(count: int, seed: int, size: int = 500) -> Image.Image:
    """The RGB picture, `size` pixels square, of a bin with `count` (1 to 5) objects.

    The same count and seed give the same picture, and at another size the same scene.
    Raises ValueError if `count` is not between 1 and 5.
    """
    if not 1 <= count <= 5:
        raise ValueError(f"A bin holds 1 to 5 objects, not {count}: pass a count in that range.")
    scene = compose(count, seed)
    rng = np.random.default_rng([seed, count, 1])
    lamps = make_lamps(rng)
    light = illuminate(scene, look(scene, size), lamps, rng, size)
    return develop(light.T.reshape(size, size, 3), rng)
