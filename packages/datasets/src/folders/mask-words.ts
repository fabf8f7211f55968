import { wordsOf } from './split-words.ts';

/** Ends, or beginnings, of an image's name that its mask does not share. */
const imageEnd = /[_\-. ](leftImg8bit|rightImg8bit|img|image|rgb|sat|photo)$/i;
const imageStart = /^(img|image|im|rgb|photo)[_\- ]/i;

/** Ends and beginnings that say "mask" wherever they stand. */
const maskEnd =
  /[_\-. ](gtFine_(color|labelIds|labelTrainIds|instanceIds|instanceTrainIds)|gtCoarse_\w+|masks?|seg(mentation)?|labels?|label_?(train)?ids|instance_?ids|gt|ground_?truth|anno(tation)?s?|parts|matte|trimap)([_\- ]?\d+)?$/i;
const maskStart = /^(masks?|seg|segmentation|labels?|gt|annotation)[_\- ]/i;

const maskWords = new Set([
  ...['mask', 'masks', 'label', 'labels', 'labelids', 'annotation', 'annotations', 'anno', 'annos', 'gt'],
  ...['gtfine', 'gtcoarse', 'fine', 'coarse', 'groundtruth', 'ground', 'truth', 'seg', 'segs', 'segment'],
  ...['segments', 'segmentation', 'segmentations', 'segmap', 'segmaps', 'semantic', 'panoptic', 'instance'],
  ...['instances', 'stuffthingmaps', 'stuff', 'thing', 'maps', 'matte', 'mattes', 'trimap', 'trimaps'],
]);
const besideMaskWords = new Set([
  ...['class', 'classes', 'object', 'objects', 'aug', 'raw', 'png', 'pngs', 'image', 'images', 'img', 'dir'],
  ...[
    'train',
    'training',
    'val',
    'valid',
    'validation',
    'test',
    'testing',
    'trainval',
    'set',
    'ids',
    'id',
    'tr',
  ],
  ...[
    'ts',
    'color',
    'colour',
    'colored',
    'coloured',
    'rgb',
    'grey',
    'gray',
    'pixel',
    'pixelmaps',
    'binary',
    'v',
  ],
]);

/** Whether a folder is named as one of masks: `masks`, `SegmentationClass`, `gtFine`, `annotations`, `train_labels`. */
export function isMaskFolder(folder: string): boolean {
  const words = wordsOf(folder);
  return (
    words.some((word) => maskWords.has(word)) &&
    words.every((word) => /^\d+$/.test(word) || maskWords.has(word) || besideMaskWords.has(word))
  );
}

/** Of all that `maskEnd` and `maskStart` know, a part. */
const maskHint = /mask|seg|label|gt|truth|anno|parts|matte|trimap|instance/i;

/** A path without its extension. */
export function stem(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') && dot < path.length - 1 ? path.slice(0, dot) : path;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What an image's path has in common with its mask's. */
export function imageKey(path: string): string {
  return cut(stem(path), imageEnd, imageStart);
}

/** What a mask's path has in common with its image's; undefined where the name does not say that it is one. */
export function maskKey(path: string): string | undefined {
  // Most names of a large folder say nothing.
  if (!maskHint.test(baseName(path))) return undefined;
  const whole = stem(path);
  const key = cut(whole, maskEnd, maskStart);
  return key === whole ? undefined : key;
}

function cut(path: string, end: RegExp, start: RegExp): string {
  const name = baseName(path);
  const folder = path.slice(0, path.length - name.length);
  const rest = name.replace(end, '');
  const bare = rest === name ? name.replace(start, '') : rest;
  return bare === '' ? path : folder + bare;
}

const imageWords = new Set([
  ...[
    'image',
    'images',
    'img',
    'imgs',
    'photo',
    'photos',
    'picture',
    'pictures',
    'jpegimages',
    'jpeg',
    'rgb',
  ],
  ...['left', 'leftimg', 'bit', 'input', 'inputs', 'data', 'set', 'sets'],
]);

/** A path without the words of its folders that say "images" or "masks": of both trees the same. */
export function plainFolders(path: string): string {
  const name = baseName(path);
  const folders = path.slice(0, path.length - name.length).split('/');
  const rest = folders.map((folder) => {
    // `leftImg8bit` is a name, whose digit says nothing.
    const words = wordsOf(folder.replace(/img8bit$/i, 'Img'));
    return words.filter((word) => !imageWords.has(word) && !maskWords.has(word)).join(' ');
  });
  return [...rest.filter((folder) => folder !== ''), name].join('/');
}
