"""torchvision comes without PyTorch's compiler, and the compiler when it is asked for. Each in a process of its own."""

import subprocess
import sys

from harness.project import PROJECT

COMPILER = "torch._dynamo"
ARCHITECTURES = ["mobilenet_v3_small", "resnext50_32x4d", "efficientnet_b0", "regnet_x_400mf", "vit_b_32"]


def run(code: str) -> str:
    """Run the code beside the model code; return what it prints."""
    script = f"import sys; sys.path.insert(0, {str(PROJECT / 'model_server/artifact')!r})\n{code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_compiler_to_load_classifiers() -> None:
    """It would take more memory and time than all else together."""
    code = f"""
import torch
from torchvision_import import import_torchvision
models = import_torchvision().models
import graph
from classifier import load_classifier
for architecture in {ARCHITECTURES!r}:
    trained = models.get_model(architecture, weights=None, num_classes=5)
    graph.trace(load_classifier(architecture, trained.state_dict(), 5), (224, 224))
    print(architecture, [name for name in ({COMPILER!r}, "sympy") if name in sys.modules])
"""
    assert run(code).splitlines() == [f"{architecture} []" for architecture in ARCHITECTURES]


def test_torchvision_finds_the_compiler_when_it_calls_it() -> None:
    code = f"""
from torchvision_import import import_torchvision
import_torchvision()
from torchvision.ops.roi_align import is_compile_supported
before = {COMPILER!r} in sys.modules
answer = is_compile_supported("cpu")
from torch._dynamo.utils import is_compile_supported as genuine
print(before, answer == genuine("cpu"), genuine.__module__)
"""
    assert run(code) == f"False True {COMPILER}.utils"


def test_a_compiler_that_is_there_is_used() -> None:
    code = """
import torch._dynamo.utils
from torchvision_import import import_torchvision
import_torchvision()
from torchvision.ops.roi_align import is_compile_supported
print(is_compile_supported is torch._dynamo.utils.is_compile_supported, sys.modules["torch._dynamo.utils"].__file__)
"""
    assert run(code).startswith("True /")


def test_what_else_torchvision_may_want_of_the_compiler() -> None:
    """An import of another name while torchvision is imported, as another version may have it, works as well."""
    code = """
import torchvision_import
with torchvision_import._compiler_on_demand():
    from torch._dynamo.utils import counters
import torch._dynamo.utils
print(counters is torch._dynamo.utils.counters)
"""
    assert run(code) == "True"
