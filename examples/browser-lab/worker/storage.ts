/** Writing into a file without waiting; workers alone have it. */
interface SyncAccess {
  truncate(size: number): void;
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

type WritableHandle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccess> };

/** Written in turn: whatever ends a write half-way, the other one is whole. */
const slots = ['checkpoint-a.safetensors', 'checkpoint-b.safetensors'] as const;

let next = 0;

/** The browser's private folder of this page; nothing else can read it. */
function folder(): Promise<FileSystemDirectoryHandle> {
  return navigator.storage.getDirectory();
}

/** Writes a checkpoint beside the last one. */
export async function writeCheckpoint(bytes: Uint8Array): Promise<void> {
  const handle = await (await folder()).getFileHandle(slots[next] as string, { create: true });
  const access = await (handle as WritableHandle).createSyncAccessHandle();
  try {
    access.truncate(0);
    access.write(bytes, { at: 0 });
    access.flush();
  } finally {
    access.close();
  }
  next = 1 - next;
}

/** The stored files, the newest first. The next write goes to the oldest. */
export async function readCheckpoints(): Promise<Uint8Array[]> {
  const found: { readonly slot: number; readonly file: File }[] = [];
  for (const [slot, name] of slots.entries()) {
    const file = await (await folder())
      .getFileHandle(name)
      .then((handle) => handle.getFile())
      .catch(() => undefined);
    if (file && file.size > 0) found.push({ slot, file });
  }
  found.sort((a, b) => b.file.lastModified - a.file.lastModified);
  if (found[0]) next = 1 - found[0].slot;
  return await Promise.all(found.map(async ({ file }) => new Uint8Array(await file.arrayBuffer())));
}
