"""The data path in torchvision and PIL on one core: the peer of the workload `data`.

    python3 torchvision_data.py --size 224 --batch 32 --steps 5 FOLDER [FOLDER ...]

Per image: decode, two random resized crops, flip, colour jitter, grey, Gaussian blur, solarize, to tensor, normalize:
BYOL's recipe, as our loader's. The folders take turns, each in order of its paths. Prints one JSON line;
secondsPerStep is processor time per batch.
"""

import argparse
import json
import os
import random
import resource
import statistics
import time

for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[name] = "1"

import torch

try:
    import torchvision
except RuntimeError:
    # A torchvision built for another PyTorch lacks its compiled operators, which transforms do not need.
    import sys

    library = torch.library.Library("torchvision", "DEF")
    for name in ["nms", "qnms"]:
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    import torchvision

import PIL
from PIL import Image
from torchvision import transforms

parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int, default=224)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("folders", nargs="+")
arguments = parser.parse_args()

torch.set_num_threads(1)
torch.manual_seed(0)
random.seed(0)

folders = []
for folder in arguments.folders:
    files = []
    for path, _, names in os.walk(folder):
        files += [os.path.join(path, name) for name in names if name.lower().endswith((".jpg", ".jpeg", ".png", ".webp"))]
    folders.append(sorted(files))


def recipe(blur, solarize):
    # torchvision wants an odd kernel: a tenth of the side.
    kernel = max(1, arguments.size // 10) // 2 * 2 + 1
    return transforms.Compose(
        [
            transforms.RandomResizedCrop(arguments.size, scale=(0.08, 1)),
            transforms.RandomHorizontalFlip(0.5),
            transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.2, 0.1)], 0.8),
            transforms.RandomGrayscale(0.2),
            transforms.RandomApply([transforms.GaussianBlur(kernel, (0.1, 2.0))], blur),
            transforms.RandomSolarize(128, solarize),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )


recipes = [recipe(1.0, 0.0), recipe(0.1, 0.2)]
taken = 0


def step():
    global taken
    views = [[], []]
    for place in range(taken, taken + arguments.batch):
        files = folders[place % len(folders)]
        with Image.open(files[place // len(folders) % len(files)]) as file:
            image = file.convert("RGB")
        for side in (0, 1):
            views[side].append(recipes[side](image))
    taken += arguments.batch
    return [torch.stack(view) for view in views]


processor, wall = [], []
for number in range(arguments.steps + 1):
    processor_start, wall_start = time.process_time(), time.perf_counter()
    step()
    if number:
        processor.append(time.process_time() - processor_start)
        wall.append(time.perf_counter() - wall_start)
median = statistics.median(processor)
print(
    json.dumps(
        dict(
            peer=f"torchvision {torchvision.__version__}, Pillow {PIL.__version__}, torch {torch.__version__}",
            secondsPerStep=median,
            wallSecondsPerStep=statistics.median(wall),
            imagesPerSecond=arguments.batch / median,
            peakRssMiB=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            spread=dict(minimum=min(processor), maximum=max(processor)),
        )
    )
)
