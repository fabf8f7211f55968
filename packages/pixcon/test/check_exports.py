"""Checks exported backbones against PyTorch: python3 check_exports.py FOLDER

FOLDER holds what export-command.test.ts writes: torchvision.safetensors, mmseg.pth, detectron2.pkl, the features that
PixCon computes (features.safetensors: `images`, and each stage's `layer1` … in NCHW), and the arguments of the
torchvision model as model.txt. Each file must load as its library loads it, hold the same numbers, and give features
within 1e-4 of each stage's largest entry.
"""

import pickle
import sys
from pathlib import Path

import torch

try:
    import torchvision
except RuntimeError:
    # A torchvision built for another PyTorch lacks its compiled operators, which ResNets do not need.
    library = torch.library.Library("torchvision", "DEF")
    for name in ["nms", "qnms"]:
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    import torchvision

import numpy
from safetensors.torch import load_file

TOLERANCE = 1e-4

folder = Path(sys.argv[1])
expression = (folder / "model.txt").read_text().strip()
model = eval(expression, {"torchvision": torchvision})
model.load_state_dict(load_file(folder / "torchvision.safetensors"), strict=True)
model.eval()

expected = load_file(folder / "features.safetensors")
worst = 0.0
with torch.no_grad():
    features = model.maxpool(model.relu(model.bn1(model.conv1(expected["images"]))))
    for stage in ["layer1", "layer2", "layer3", "layer4"]:
        features = getattr(model, stage)(features)
        assert features.shape == expected[stage].shape, (stage, features.shape, expected[stage].shape)
        error = ((features - expected[stage]).abs().max() / features.abs().max()).item()
        assert error < TOLERANCE, f"{stage}: {error} of the largest entry"
        worst = max(worst, error)

state = model.state_dict()
checkpoint = torch.load(folder / "mmseg.pth", map_location="cpu", weights_only=True)
assert set(state) - set(checkpoint["state_dict"]) == {"fc.weight", "fc.bias"}
for name, value in checkpoint["state_dict"].items():
    assert torch.equal(value, state[name]), name


def detectron2_name(name):
    """As Detectron2's tools/convert-torchvision-to-d2.py renames."""
    if "layer" not in name:
        name = "stem." + name
    for stage in [1, 2, 3, 4]:
        name = name.replace(f"layer{stage}", f"res{stage + 1}")
    for part in [1, 2, 3]:
        name = name.replace(f"bn{part}", f"conv{part}.norm")
    return name.replace("downsample.0", "shortcut").replace("downsample.1", "shortcut.norm")


with open(folder / "detectron2.pkl", "rb") as file:
    # Detectron2 reads with this encoding.
    weights = pickle.load(file, encoding="latin1")
assert weights["matching_heuristics"] is True and "__author__" in weights
wanted = {
    detectron2_name(name): value.numpy()
    for name, value in state.items()
    if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
}
assert set(wanted) == set(weights["model"])
for name, value in wanted.items():
    array = weights["model"][name]
    assert isinstance(array, numpy.ndarray) and array.dtype == numpy.float32, name
    assert numpy.array_equal(array, value), name

print(f"{expression}: features agree to {worst:.1e}")
