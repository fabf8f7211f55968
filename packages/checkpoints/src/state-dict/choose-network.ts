import { checkpointError } from '../checkpoint-error.ts';
import type { Network } from './find-networks.ts';
import { unwrapped } from './network-names.ts';

export interface ChosenNetwork {
  readonly chosen: Network;
  /** Best first. */
  readonly others: readonly Network[];
  /** Why, where there are others. */
  readonly reason: string | undefined;
}

/** How one network goes before another, with the reason; the first that tells two apart decides. */
interface Rule {
  readonly rank: (network: Network) => number;
  readonly reason: (chosen: Network, other: Network) => string;
}

/** Whether a network fits is asked of so many at most. */
const mostAsked = 32;

/**
 * Chooses a network among those of a file. Nothing depends on the order in the file.
 *
 * @throws PixconError `checkpoint` for a name that none has
 */
export function chooseNetwork(
  networks: readonly Network[],
  file: ReadonlySet<string>,
  options: {
    readonly network: string | undefined;
    readonly fits: ((network: Network) => boolean) | undefined;
  },
): ChosenNetwork {
  const { network: asked, fits } = options;
  const rules = rulesOf(file);
  const ordered = [...networks].sort((a, b) => {
    for (const { rank } of rules) {
      const difference = rank(a) - rank(b);
      if (difference !== 0) return difference;
    }
    return a.name < b.name ? -1 : 1;
  });
  const named = asked === undefined ? ordered : namedSo(ordered, asked);
  const fitting = named.length > 1 && fits ? named.slice(0, mostAsked).filter(fits) : [];
  const chosen = (fitting[0] ?? named[0]) as Network;
  const others = ordered.filter((each) => each !== chosen);
  const left = named.filter((each) => each !== chosen);
  if (others.length === 0) return { chosen, others, reason: undefined };
  const [next] = left;
  if (!next) return { chosen, others, reason: 'it was asked for' };
  if (fitting.length > 0 && !fitting.includes(next)) {
    return { chosen, others, reason: 'it is of the kind that was asked for' };
  }
  const rule = rules.find(({ rank }) => rank(chosen) !== rank(next));
  return { chosen, others, reason: rule?.reason(chosen, next) ?? 'nothing tells them apart but their names' };
}

/** Networks of that name; else those whose name has its parts in a row, wrappers aside. */
function namedSo(networks: readonly Network[], asked: string): readonly Network[] {
  const wanted = asked.replace(/^(.+?)[./]+$/, '$1');
  const exact = networks.filter(({ name }) => name === wanted);
  if (exact.length > 0) return exact;
  const within = (name: string) => `.${name.replaceAll('/', '.')}.`;
  const found = networks.filter(
    ({ name }) =>
      within(name).includes(within(wanted)) ||
      (unwrapped(wanted) !== '' && within(unwrapped(name)).includes(within(unwrapped(wanted)))),
  );
  if (found.length > 0) return found;
  const names = networks.slice(0, 20).map(({ name }) => name);
  const more = networks.length > 20 ? ` and ${networks.length - 20} more` : '';
  throw checkpointError(
    `findBackbone: no network is named ${JSON.stringify(asked.slice(0, 80))}; the file has ${names.join(', ')}${more}`,
  );
}

/**
 * Who saves the average where the network would be, so that it is what gets deployed. mmengine's EMAHook swaps the two
 * (`steps` is its counter), Lightning's WeightAveraging keeps the network under a name of its own.
 */
const swaps = [
  { who: 'mmengine', online: 'ema_state_dict', marker: 'ema_state_dict.steps' },
  { who: 'Lightning', online: 'current_model_state', marker: 'current_model_state.' },
] as const;

function rulesOf(file: ReadonlySet<string>): readonly Rule[] {
  const swap = swaps.find(({ marker }) => [...file].some((name) => name.startsWith(marker)));
  const averages = ({ prefix, role }: Network): number => {
    if (swap && prefix.startsWith('state_dict.')) return role.averages + 1;
    return swap && prefix.startsWith(`${swap.online}.`) ? 0 : role.averages;
  };
  return [
    {
      rank: ({ complete }) => Number(!complete),
      reason: (_, other) => `${other.name} lacks normalization statistics`,
    },
    {
      rank: ({ parts }) => -parts.size,
      reason: (chosen, other) =>
        `it is the largest, of ${chosen.parts.size} tensors beside ${other.parts.size}`,
    },
    {
      rank: averages,
      reason: (_, other) => {
        if (swap) {
          return `the online encoder comes before its moving average, and ${swap.who} saves the average as state_dict, the online one as ${swap.online}`;
        }
        const scored = /teacher/i.test(other.name) ? ', though methods with a teacher score the teacher' : '';
        return `the online encoder comes before its moving average${scored}`;
      },
    },
    { rank: ({ role }) => Number(!role.online), reason: () => 'its name says that it is the online encoder' },
    {
      rank: ({ role }) => role.words,
      reason: () => 'nothing tells them apart but their names, of which its is the plainest',
    },
  ];
}
