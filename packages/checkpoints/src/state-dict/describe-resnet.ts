import { checkpointError } from '../checkpoint-error.ts';

/** What the names and shapes of a ResNet's tensors say about it. */
export interface ResNetDescription {
  readonly block: 'basic' | 'bottleneck';
  /** Blocks of each stage. */
  readonly layers: readonly number[];
  /** Planes of each stage: a bottleneck stage puts out four times as many channels. */
  readonly planes: readonly number[];
  readonly stemChannels: number;
  /** 7 for ImageNet's stem, 3 for the small one. */
  readonly stemSize: number;
  /** Channels of the last stage. */
  readonly channels: number;
  /** torchvision's name of the depth, such as `resnet50`, where it has one. */
  readonly name: string | undefined;
}

interface Shaped {
  readonly shape: readonly number[];
}

const depths: Readonly<Record<string, string>> = {
  'basic 2,2,2,2': 'resnet18',
  'basic 3,4,6,3': 'resnet34',
  'bottleneck 3,4,6,3': 'resnet50',
  'bottleneck 3,4,23,3': 'resnet101',
  'bottleneck 3,8,36,3': 'resnet152',
};

/**
 * The architecture of a ResNet from its tensors under torchvision's names, in PyTorch's layout. Whether every
 * tensor is there with the right shape is not looked at: `assertTensorsFit` does, given the architecture.
 *
 * @throws PixconError `checkpoint` that names the first tensor that is missing or has no valid shape
 * @example
 * describeResNet(tensors); // => { block: 'bottleneck', layers: [3, 4, 6, 3], name: 'resnet50', … }
 */
export function describeResNet(tensors: ReadonlyMap<string, Shaped>): ResNetDescription {
  const sizes = (name: string): readonly [number, number, number, number] => {
    const shape = tensors.get(name)?.shape;
    if (!shape) throw checkpointError(`describeResNet: tensor ${name} is missing`);
    if (shape.length !== 4 || shape.some((size) => size < 1)) {
      throw checkpointError(
        `describeResNet: tensor ${name} must be a convolution's [output, input, height, width], got [${shape.join(', ')}]`,
      );
    }
    return shape as [number, number, number, number];
  };
  const stem = sizes('conv1.weight');
  const block = tensors.has('layer1.0.conv3.weight') ? 'bottleneck' : 'basic';
  const layers: number[] = [];
  const planes: number[] = [];
  while (layers.length < 4 && tensors.has(`layer${layers.length + 1}.0.conv1.weight`)) {
    const stage = `layer${layers.length + 1}`;
    let blocks = 1;
    while (tensors.has(`${stage}.${blocks}.conv1.weight`)) blocks++;
    layers.push(blocks);
    planes.push(sizes(`${stage}.0.conv1.weight`)[0]);
  }
  const last = planes.at(-1);
  if (last === undefined) throw checkpointError('describeResNet: tensor layer1.0.conv1.weight is missing');
  return {
    block,
    layers,
    planes,
    stemChannels: stem[0],
    stemSize: stem[2],
    channels: last * (block === 'bottleneck' ? 4 : 1),
    name: depths[`${block} ${layers.join(',')}`],
  };
}
