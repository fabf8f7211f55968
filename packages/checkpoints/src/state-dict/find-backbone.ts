import { checkpointError } from '../checkpoint-error.ts';
import type { HostTensor } from '../host-tensor.ts';
import { chooseNetwork } from './choose-network.ts';
import { findNetworks } from './find-networks.ts';

/** A ResNet among the tensors of a file. */
export interface FoundBackbone {
  /** Under torchvision's names, without classifier and counters. */
  readonly tensors: Map<string, HostTensor>;
  /** What stood before each name, such as `module.encoder_q.`; often empty. */
  readonly prefix: string;
  /** What it is called among the networks of the file: `path`, then the prefix; `.` where there is nothing. */
  readonly network: string;
  /** Whose names the file has. Detectron2's networks may have learned BGR images and strides elsewhere. */
  readonly layout: 'torchvision' | 'sequential' | 'detectron2';
  /** The other networks of the file, by name; what `network` may ask for. */
  readonly others: readonly string[];
  /** Why this one and no other, in a sentence without a full stop; undefined where there is no other. */
  readonly choice: string | undefined;
  /** Names in the file, prefix and all, that are no part of any network: classifier, heads, queues. */
  readonly ignored: readonly string[];
}

export interface FindBackboneOptions {
  /** The keys that lead to all of the tensors, as `decodeWeights` gives them: part of the networks' names. */
  readonly path?: readonly string[] | undefined;
  /**
   * Which network of several: its name, or parts of it such as `teacher` for `teacher.backbone`. Default: of those that
   * fit the largest, and rather an online encoder than its moving average.
   */
  readonly network?: string | undefined;
  /** Whether a network is of the kind that is wanted. Default: any is. */
  readonly fits?: ((tensors: ReadonlyMap<string, HostTensor>) => boolean) | undefined;
}

const counter = /(^|\.)num_batches_tracked$/;

/**
 * Finds a ResNet in a state dict, or among all tensors of a file, whatever wraps it (`module.`, `backbone.`,
 * `encoder_q.`, `state_dict.model._orig_mod.` …), under torchvision's names, the numbers of an `nn.Sequential` of its
 * children, or Detectron2's names. Where there are several, it takes the largest that is whole, and rather an online
 * encoder than its moving average (`encoder_k`, `target`, `teacher`, `momentum`, `ema` …), and says so in `choice`;
 * neither the order in the file nor counters matter.
 *
 * @throws PixconError `checkpoint` when there is none, or none of the name that is asked for, naming what is there instead
 * @example
 * const { tensors, prefix, ignored } = findBackbone(decodeTorch(bytes).tensors);
 * prefix; // => 'module.encoder_q.'
 */
export function findBackbone(
  file: ReadonlyMap<string, HostTensor>,
  options: FindBackboneOptions = {},
): FoundBackbone {
  const found = findNetworks(file.keys(), options.path);
  const networks = found.filter(({ complete, role }) => complete || !role.optimizer);
  if (networks.length === 0)
    throw checkpointError(`findBackbone: no ResNet: ${expected}, got ${firstOf(file)}`);
  const tensorsOf = (parts: ReadonlyMap<string, string>) =>
    new Map([...parts].map(([own, name]) => [own, file.get(name) as HostTensor]));
  const { fits, network } = options;
  const { chosen, others, reason } = chooseNetwork(networks, new Set(file.keys()), {
    network,
    fits: fits && (({ parts }) => fits(tensorsOf(parts))),
  });
  const used = new Set(networks.flatMap(({ parts }) => [...parts.values()]));
  return {
    tensors: tensorsOf(chosen.parts),
    prefix: chosen.prefix,
    network: chosen.name,
    layout: chosen.layout.name,
    others: others.map(({ name }) => name),
    choice: reason,
    ignored: [...file.keys()].filter((name) => !used.has(name) && !counter.test(name)),
  };
}

const expected =
  "expected torchvision's names (conv1.weight, layer1.0.conv1.weight …), an nn.Sequential's (0.weight, 4.0.conv1.weight …) or Detectron2's";

function firstOf(file: ReadonlyMap<string, unknown>): string {
  const names = [...file.keys()];
  const shown = names.slice(0, 5).map((name) => name.slice(0, 80));
  return `${shown.join(', ') || 'no tensors'}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
}
