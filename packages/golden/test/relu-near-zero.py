"""Which value before a ReLU is nearest to 0 in pixpro.safetensors? (needs torch and safetensors)

    python3 packages/golden/test/relu-near-zero.py

Prints, in float64 and in float32, the two values of channel 0 before the first ReLU of layer1 that are nearest to 0,
for each view. A value that changes sign between the two lets a cell's gradient through in one and not in the other.
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

fixtures = Path(__file__).parent / 'fixtures'
golden = load_file(fixtures / 'pixpro.safetensors')
views = load_file(fixtures / 'views.safetensors')

for dtype in (torch.float64, torch.float32):
    start = {k[5:]: t.to(dtype) for k, t in golden.items() if k.startswith('init/')}

    def layer(x, convolution, normalization, **options):
        x = F.conv2d(x, start[f'encoder.{convolution}.weight'], **options)
        scale, offset = start[f'encoder.{normalization}.weight'], start[f'encoder.{normalization}.bias']
        return F.batch_norm(x, None, None, scale, offset, True)

    for name in ('view1', 'view2'):
        x = F.max_pool2d(F.relu(layer(views[name].to(dtype), 'conv1', 'bn1', stride=2, padding=3)), 3, 2, 1)
        values = layer(x, 'layer1.0.conv1', 'layer1.0.bn1', padding=1)[:, 0].flatten()
        nearest = values[values.abs().sort().indices[:2]]
        print(dtype, name, *(f'{v:.1e}' for v in nearest.tolist()))
