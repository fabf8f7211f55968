import { checkpointError } from '../checkpoint-error.ts';
import { decodePickle } from '../pickle/decode-pickle.ts';
import type { UnpickleOptions } from '../pickle/unpickler.ts';
import { crc32 } from '../zip/crc32.ts';
import { decodeZip } from '../zip/decode-zip.ts';
import type { OpenedPickle } from './opened-pickle.ts';

/** The zip archive that `torch.save` has written since PyTorch 1.6. */
export function openArchive(bytes: Uint8Array, options: UnpickleOptions): OpenedPickle {
  const entries = decodeZip(bytes);
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [main] = pickles;
  if (main === undefined || pickles.length > 1) {
    throw checkpointError(
      `expected one data.pkl in the archive, got ${pickles.length}: it is no file of torch.save`,
    );
  }
  const root = main.slice(0, -'data.pkl'.length);
  const entry = (name: string): Uint8Array => {
    const found = entries.get(`${root}${name}`);
    if (!found) throw checkpointError(`the archive has no entry ${name}`);
    if (crc32(found.data) !== found.crc) {
      throw checkpointError(`the bytes of entry ${name} do not fit their checksum: the file is damaged`);
    }
    return found.data;
  };
  if (entries.has(`${root}byteorder`) && new TextDecoder().decode(entry('byteorder')) !== 'little') {
    throw checkpointError('it was written on a big-endian machine: save it again on a common one');
  }
  const { value } = decodePickle(entry('data.pkl'), options);
  const checked = new Map<string, Uint8Array>();
  return {
    value,
    read({ key }) {
      const data = checked.get(key) ?? entry(`data/${key}`);
      checked.set(key, data);
      return data;
    },
  };
}
