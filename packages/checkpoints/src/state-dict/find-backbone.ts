import { checkpointError } from '../checkpoint-error.ts';
import type { HostTensor } from '../host-tensor.ts';

/** A ResNet among the tensors of a file. */
export interface FoundBackbone {
  /** Under torchvision's names, without classifier and counters. */
  readonly tensors: Map<string, HostTensor>;
  /** What stood before each name, such as `module.encoder_q.`; often empty. */
  readonly prefix: string;
  /** Names in the file, prefix and all, that are no part of the backbone: classifier, heads, queues. */
  readonly ignored: readonly string[];
}

/** Names in a ResNet without its classifier; the counters of batch normalization are passed over. */
const part =
  /^(conv1|bn1|layer[1-4]\.\d+\.(conv[123]|bn[123]|downsample\.[01]))\.(weight|bias|running_mean|running_var)$/;
const counter = /\.num_batches_tracked$/;
/** Of two networks in one file, the one that follows the other is the copy. */
const follower = /(encoder_k|target|teacher|momentum|ema)/;

/**
 * Finds a ResNet under torchvision's names in a state dict, whatever prefix wraps it (`module.`, `backbone.`,
 * `encoder_q.`, `module.encoder_q.` …). Where there are several, it takes the largest, and rather an online
 * encoder than its moving average.
 *
 * @throws PixconError `checkpoint` when there is none, naming what is there instead
 * @example
 * const { tensors, prefix, ignored } = findBackbone(decodeTorch(bytes).tensors);
 * prefix; // => 'module.encoder_q.'
 */
export function findBackbone(file: ReadonlyMap<string, HostTensor>): FoundBackbone {
  const names = [...file.keys()];
  const stem = 'conv1.weight';
  const candidates = names
    .filter((name) => name === stem || name.endsWith(`.${stem}`))
    .map((name) => name.slice(0, -stem.length))
    // The blocks have a conv1 too.
    .filter((prefix) => !/layer\d+\.\d+\.$/.test(prefix))
    .map((prefix) => ({ prefix, size: names.filter((name) => isPart(name, prefix)).length }))
    .sort((a, b) => b.size - a.size || Number(follower.test(a.prefix)) - Number(follower.test(b.prefix)));
  const [best] = candidates;
  if (!best) {
    const shown = names.slice(0, 5).map((name) => name.slice(0, 80));
    throw checkpointError(
      `findBackbone: no ResNet under torchvision's names: expected a tensor conv1.weight, got ${shown.join(', ') || 'no tensors'}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`,
    );
  }
  const { prefix } = best;
  const tensors = new Map<string, HostTensor>();
  const ignored: string[] = [];
  for (const [name, tensor] of file) {
    if (isPart(name, prefix)) tensors.set(name.slice(prefix.length), tensor);
    else if (!counter.test(name)) ignored.push(name);
  }
  return { tensors, prefix, ignored };
}

function isPart(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && part.test(name.slice(prefix.length));
}
