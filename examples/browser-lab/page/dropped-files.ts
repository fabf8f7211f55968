const photoNames = /\.(jpe?g|png|webp|avif|gif|bmp|heic)$/i;

/** Photos by type or name, in the order of their paths; hidden files are left out. */
export function photosAmong(files: readonly File[]): File[] {
  return files
    .filter(
      (file) =>
        (file.type.startsWith('image/') && file.type !== 'image/svg+xml') || photoNames.test(file.name),
    )
    .filter((file) => !file.name.startsWith('.'))
    .sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : Number(pathOf(a) > pathOf(b))));
}

function pathOf(file: File): string {
  return file.webkitRelativePath || file.name;
}

/** All files of what was dropped, folders and their folders included. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // The list is gone after the first wait.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const plain = [...transfer.files];
  const found: File[] = [];
  for (const entry of entries) if (entry) await collect(entry, found);
  return found.length > 0 ? found : plain;
}

async function collect(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (entry.isFile) {
    found.push(await new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives a hundred at a time, and nothing at the end.
  for (;;) {
    const children = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (children.length === 0) return;
    for (const child of children) await collect(child, found);
  }
}
