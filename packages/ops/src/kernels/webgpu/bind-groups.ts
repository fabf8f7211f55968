import type { GpuBuffer, GpuDevice, WebgpuBackend } from './backend.ts';

/** A run of many shapes must not keep a bind group for every buffer it ever had. */
const mostGroups = 16_384;

const ids = new WeakMap<GpuBuffer, number>();
let nextId = 0;

function idOf(buffer: GpuBuffer): number {
  let id = ids.get(buffer);
  if (id === undefined) {
    id = nextId++;
    ids.set(buffer, id);
  }
  return id;
}

/**
 * Bind groups of a device by layout and buffers. Making one takes longer than all else of a dispatch, and a training step
 * binds the same buffers as the one before, see {@link reuseInOrder}.
 */
export class BindGroups {
  readonly #device: GpuDevice;
  readonly #groups = new Map<object, Map<string, object>>();
  #count = 0;

  constructor(device: GpuDevice) {
    this.#device = device;
  }

  get(name: string, layout: object, buffers: readonly GpuBuffer[]): object {
    const key = buffers.map(idOf).join();
    let groups = this.#groups.get(layout);
    if (!groups) {
      groups = new Map();
      this.#groups.set(layout, groups);
    }
    let group = groups.get(key);
    if (group) return group;
    if (this.#count === mostGroups) {
      for (const others of this.#groups.values()) others.clear();
      this.#count = 0;
    }
    group = this.#device.createBindGroup({
      label: name,
      layout,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    groups.set(key, group);
    this.#count++;
    return group;
  }
}

const ordered = new WeakSet<WebgpuBackend>();

/**
 * Makes tfjs take the oldest of the free buffers of a size, not the one that was freed last: what a step gets then
 * depends on which are free, not on the order in which they were freed, so that steps alike get the same buffers.
 */
export function reuseInOrder(backend: WebgpuBackend): void {
  if (ordered.has(backend)) return;
  ordered.add(backend);
  const { bufferManager } = backend;
  const release = bufferManager.releaseBuffer.bind(bufferManager);
  bufferManager.releaseBuffer = (buffer, reuse = true) => {
    release(buffer, reuse);
    const free = bufferManager.freeBuffers.get(`${buffer.size}_${buffer.usage}`);
    // Taken from the end, where the one that was released is now.
    if (!reuse || free === undefined || free.at(-1) !== buffer) return;
    const id = idOf(buffer);
    let place = free.length - 1;
    for (; place > 0 && idOf(free[place - 1] as GpuBuffer) < id; place--) {
      free[place] = free[place - 1] as GpuBuffer;
    }
    free[place] = buffer;
  };
}
