import { create, element } from './elements.ts';

/** Gives the browser a file to save. */
export function saveFile(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  const link = create('a');
  link.href = url;
  link.download = name;
  link.click();
  // Long enough for any browser to have begun.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Calls `take` with each file that a person opens by the button. */
export function onBackboneChosen(take: (bytes: Uint8Array, name: string) => void): void {
  const input = element<HTMLInputElement>('backbone');
  element('load').addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    // The same file can be chosen again.
    input.value = '';
    if (file) void file.arrayBuffer().then((buffer) => take(new Uint8Array(buffer), file.name));
  });
}
