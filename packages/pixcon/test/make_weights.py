"""Writes torchvision weights of random values as .pth: python3 make_weights.py FOLDER

resnet18.pth (zip), stream.pth (before PyTorch 1.6, wrapped as MoCo does) and features.safetensors: `images`, and what
torchvision's model makes of them, in NCHW.
"""

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

from safetensors.torch import save_file

folder = Path(sys.argv[1])
torch.manual_seed(0)
model = torchvision.models.resnet18()
for name, buffer in model.named_buffers():
    if name.endswith("running_mean"):
        buffer.normal_(0, 0.1)
    elif name.endswith("running_var"):
        buffer.uniform_(0.5, 1.5)
model.eval()
state = model.state_dict()
torch.save(state, folder / "resnet18.pth")
wrapped = {"epoch": 7, "arch": "resnet18", "state_dict": {f"module.encoder_q.{k}": v for k, v in state.items()}}
torch.save(wrapped, folder / "stream.pth", _use_new_zipfile_serialization=False)
images = torch.randn(1, 3, 64, 64)
with torch.no_grad():
    trunk = torch.nn.Sequential(*list(model.children())[:-2])
    save_file({"images": images, "features": trunk(images).contiguous()}, folder / "features.safetensors")
