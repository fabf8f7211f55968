/** What PyTorch puts around a module, anywhere in a path: `torch.compile`, DistributedDataParallel, FSDP, Fabric. */
const wrapper = /^(_orig_mod|module|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module)$/;

/** Whether a part of a name is a wrapper's. */
export function isWrapper(part: string): boolean {
  return wrapper.test(part);
}

/** A name without wrappers. */
export function unwrapped(name: string): string {
  return name
    .split('.')
    .filter((part) => !isWrapper(part))
    .join('.');
}

const average =
  /^(ema(v?\d+)?|(model|net|network|encoder|backbone|weights|params)ema|ema(model|net|network|encoder|backbone|weights|params)|emas|target\d*|teacher\d*|momentum|mom|averaged?|averaging|avg|moving|swa|polyak|shadow|slow|k|key)$/;
const online = /^(online\d*|student\d*|q|query|current)$/;
/** Moments of an optimizer are shaped as weights, and are none. */
const moment = /^(optim|optimizers?|velocity|velocities|moments?)$/;

/** What a network's name says of it. */
export interface NetworkRole {
  /** How many moving averages it is inside of: 0 for an online encoder. */
  readonly averages: number;
  /** Whether it is said to be the online one. */
  readonly online: boolean;
  readonly optimizer: boolean;
  /** Words of the name. */
  readonly words: number;
}

/** Reads the words of a network's prefix, such as `module.encoder_k.`. */
export function roleOf(prefix: string): NetworkRole {
  const parts = prefix.split(/[./]/);
  const words = parts.map((part) =>
    part
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase()
      .split(/[^a-z0-9]+/),
  );
  const has = (pattern: RegExp) => words.filter((part) => part.some((word) => pattern.test(word))).length;
  return {
    averages: has(average),
    online: has(online) > 0,
    optimizer: has(moment) > 0,
    words: words.flat().filter((word) => word !== '').length,
  };
}
