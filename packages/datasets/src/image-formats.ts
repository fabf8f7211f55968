import { counted } from './folders/sentences.ts';

/** Formats of pictures that are not read unless they are asked for, or not at all. */
const pictures = new Set([
  ...[
    '.heic',
    '.heif',
    '.hif',
    '.avif',
    '.tif',
    '.tiff',
    '.gif',
    '.bmp',
    '.dib',
    '.jfif',
    '.jfi',
    '.jpe',
    '.jif',
  ],
  ...[
    '.jp2',
    '.j2k',
    '.jpf',
    '.jpx',
    '.jxl',
    '.jxr',
    '.apng',
    '.svg',
    '.ico',
    '.tga',
    '.psd',
    '.xcf',
    '.exr',
  ],
  ...['.hdr', '.pbm', '.pgm', '.ppm', '.pnm', '.pam', '.qoi', '.raw', '.dng', '.cr2', '.cr3', '.nef', '.nrw'],
  ...[
    '.arw',
    '.srf',
    '.sr2',
    '.orf',
    '.rw2',
    '.raf',
    '.pef',
    '.srw',
    '.x3f',
    '.dcm',
    '.nii',
    '.webp',
    '.png',
  ],
  ...['.jpg', '.jpeg'],
]);

/** Formats that hold masks elsewhere. */
const arrays = new Set(['.npy', '.npz', '.mat', '.pt', '.pkl']);

/** How many pictures were passed by because of their format; undefined for none. */
export function unreadNotice(
  directory: string,
  others: ReadonlyMap<string, number>,
  read: readonly string[],
): string | undefined {
  const passed = new Map([...others].filter(([extension]) => pictures.has(extension)));
  if (passed.size === 0) return undefined;
  return `${counted(sum(passed), 'picture')} of ${directory} ${sum(passed) === 1 ? 'is' : 'are'} left out, because only ${read.join(' ')} are read: ${kindsOf(passed)}; convert them to JPEG, PNG or WebP`;
}

/** How many files beside masks look like masks of a format that is not read; undefined for none. */
export function unreadMasksNotice(
  directory: string,
  others: ReadonlyMap<string, number>,
): string | undefined {
  const passed = new Map(
    [...others].filter(([extension]) => pictures.has(extension) || arrays.has(extension)),
  );
  if (passed.size === 0) return undefined;
  return `${counted(sum(passed), 'file')} of ${directory} ${sum(passed) === 1 ? 'is' : 'are'} no PNG and left out: ${kindsOf(passed)}; ${cure(passed)}`;
}

/** What to do about masks of these formats. */
export function cure(others: ReadonlyMap<string, number>): string {
  const lossy = ['.jpg', '.jpeg', '.webp'].some((extension) => others.has(extension));
  return `masks must be PNG files${lossy ? ' (JPEG changes the numbers of classes)' : ''}, so save them as such`;
}

/** `only other files: 40 × .heic, 2 × .txt`. */
export function describeKinds(others: ReadonlyMap<string, number>): string {
  return others.size === 0 ? 'no file at all' : `only other files: ${kindsOf(others)}`;
}

function kindsOf(others: ReadonlyMap<string, number>): string {
  const kinds = [...others].sort(([a, less], [b, more]) => more - less || (a < b ? -1 : 1));
  const named = kinds.slice(0, 5).map(([extension, count]) => `${count} × ${extension || 'no extension'}`);
  return `${named.join(', ')}${kinds.length > 5 ? ` and ${kinds.length - 5} more kinds` : ''}`;
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
