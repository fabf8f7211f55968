"""How far can float32 follow a golden file of PixCon-SR or BYOL? (needs torch and safetensors)

    python3 packages/golden/test/float32-limit.py [NAME]      default: pixcon_sr_bottleneck

Repeats the file's four steps in PyTorch: in float64; in float64 with each value that a layer stores changed by a
random 1e-7 of itself, about what float32 arithmetic does; and in float32. Prints the relative error of the total
loss at each step.
"""
import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

fixtures = Path(__file__).parent / 'fixtures'
name = sys.argv[1] if len(sys.argv) > 1 else 'pixcon_sr_bottleneck'
record = json.loads((fixtures / f'{name}.json').read_text())
byol = name == 'byol'
# BYOL's file has names of its own.
renamed = {
    'online_net.0.': 'encoder_q.0.',
    'online_net.1.fc0.': 'encoder_q.1.mlp.0.',
    'online_net.1.bn0.': 'encoder_q.1.mlp.1.',
    'online_net.1.fc1.': 'encoder_q.1.mlp.3.',
    'head.predictor.fc0.': 'predictor.mlp.0.',
    'head.predictor.bn0.': 'predictor.mlp.1.',
    'head.predictor.fc1.': 'predictor.mlp.3.',
}


def rename(key):
    for theirs, ours in renamed.items():
        key = key.replace(theirs, ours)
    return key


golden = {rename(k): t for k, t in load_file(fixtures / f'{name}.safetensors').items()}
views = load_file(fixtures / 'views.safetensors')
masks = [views['mask1'].flatten(1).bool(), views['mask2'].flatten(1).bool()]
temperature = record.get('temperature')


def disturb(x):
    return x * (1 + 1e-7 * torch.randn_like(x))


def unit(x):
    return F.normalize(x, dim=1)


def run(dtype, noise=False):
    store = disturb if noise else lambda x: x
    start = {k[5:]: t.to(dtype) for k, t in golden.items() if k.startswith('init/')}
    online = {k: t.clone().requires_grad_() for k, t in start.items() if 'running' not in k and 'queue' not in k}
    target = {k: t.detach().clone() for k, t in online.items()}
    queue, queue2 = (None, None) if byol else (start['queue'].clone(), start['queue2'].clone())
    images = [views['view1'].to(dtype), views['view2'].to(dtype)]
    velocity, losses, pointer = {}, [], 0

    def layer(p, x, convolution, normalization, stride):
        weight = p[f'encoder_q.0.{convolution}.weight']
        x = store(F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2))
        scale, offset = p[f'encoder_q.0.{normalization}.weight'], p[f'encoder_q.0.{normalization}.bias']
        return store(F.batch_norm(x, None, None, scale, offset, True))

    def backbone(p, x):
        x = F.max_pool2d(F.relu(layer(p, x, 'conv1', 'bn1', 2)), 3, 2, 1)
        for stage in range(1, 5):
            at, stride = f'layer{stage}.0.', 1 if stage == 1 else 2
            if f'encoder_q.0.{at}conv3.weight' in p:
                y = F.relu(layer(p, x, at + 'conv1', at + 'bn1', 1))
                y = F.relu(layer(p, y, at + 'conv2', at + 'bn2', stride))
                y = layer(p, y, at + 'conv3', at + 'bn3', 1)
            else:
                y = F.relu(layer(p, x, at + 'conv1', at + 'bn1', stride))
                y = layer(p, y, at + 'conv2', at + 'bn2', 1)
            if f'encoder_q.0.{at}downsample.0.weight' in p:
                x = layer(p, x, at + 'downsample.0', at + 'downsample.1', stride)
            x = F.relu(y + x)
        return x

    def head(p, prefix, x):
        x = store(F.linear(x, p[f'{prefix}.0.weight'].flatten(1), p[f'{prefix}.0.bias']))
        x = F.relu(store(F.batch_norm(x, None, None, p[f'{prefix}.1.weight'], p[f'{prefix}.1.bias'], True)))
        return store(F.linear(x, p[f'{prefix}.3.weight'].flatten(1), p.get(f'{prefix}.3.bias')))

    def rows(features):
        return features.flatten(2).transpose(1, 2).flatten(0, 1)

    def contrast(query, key, negatives, weight=None):
        logits = torch.cat([(query * key).sum(1, keepdim=True), query @ negatives], 1) / temperature
        loss = F.cross_entropy(logits, torch.zeros(len(query), dtype=torch.long), reduction='none')
        return loss.mean() if weight is None else (loss * weight).sum() / weight.sum()

    for draw in record['enqueueRandom'] or [None] * len(record['losses']):
        with torch.no_grad():
            features = [backbone(target, x) for x in images]
            keys = [unit(head(target, 'encoder_q.1.mlp', f.mean((2, 3)))) for f in features]
            cells = [] if byol else [head(target, 'encoder_q.1.mlp2', rows(f)).view(len(f), -1, queue2.shape[0]) for f in features]
        total = 0
        for side in (0, 1):
            f = backbone(online, images[side])
            query = unit(head(online, 'predictor.mlp', head(online, 'encoder_q.1.mlp', f.mean((2, 3)))))
            if byol:
                total = total - 2 * (query * keys[1 - side]).sum(1).mean()
                continue
            total = total + 0.5 * contrast(query, keys[1 - side], queue)
            query = unit(head(online, 'predictor_dense.mlp', head(online, 'encoder_q.1.mlp2', rows(f))))
            with torch.no_grad():
                similarity = unit(f.flatten(2)).transpose(1, 2) @ unit(features[1 - side].flatten(2))
                weight, match = similarity.max(2)
                low = weight.min(1, keepdim=True)[0]
                high = weight.masked_fill(masks[side], -2).max(1, keepdim=True)[0]
                weight = (((weight - low) / (high - low)).masked_fill(masks[side], 1) ** 2).flatten()
                key = F.normalize(cells[1 - side], dim=2)
                key = key.gather(1, match[..., None].expand(-1, -1, key.shape[2])).flatten(0, 1)
            total = total + 0.5 * contrast(query, key, queue2, weight)
        gradients = torch.autograd.grad(total, list(online.values()))
        losses.append(total.item())
        settings = record['optimizer']
        with torch.no_grad():
            for (key, value), gradient in zip(online.items(), gradients):
                gradient = gradient + settings['weightDecay'] * value
                velocity[key] = gradient if key not in velocity else settings['momentum'] * velocity[key] + gradient
                value.copy_(store(value - settings['lr'] * velocity[key]))
                target[key] = store(0.9 * target[key] + 0.1 * value)
            if byol:
                continue
            side = 1 if draw < 0.5 else 0
            count = len(keys[side])
            queue[:, pointer : pointer + count] = keys[side].T
            queue2[:, pointer : pointer + count] = unit(cells[side].mean(1)).T
            pointer = (pointer + count) % queue.shape[1]
    return losses


def report(label, losses):
    errors = [abs(a - b['total']) / abs(b['total']) for a, b in zip(losses, record['losses'])]
    print(f'{label:28}', *(f'{error:.1e}' for error in errors))


report('float64', run(torch.float64))
for seed in range(10):
    torch.manual_seed(seed)
    report(f'float64, noise 1e-7, seed {seed}', run(torch.float64, noise=True))
report('float32', run(torch.float32))
