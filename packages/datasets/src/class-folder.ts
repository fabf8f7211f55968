import { type ClassificationDataset, PixconError } from '@pixcon/core';
import { type ImageFolderOptions, imageFolder } from './image-folder.ts';

/**
 * Images with one class each: one sub-folder per class, as torchvision's `ImageFolder`. A class is the folder
 * that its images lie in; with `train` and `val` folders (`training`, `validation`, `valid`, `test`) above the
 * classes, both hold the same ones. Classes are sorted by name.
 *
 * @throws PixconError `data` when the folder is missing, holds no image, an image without a class folder, or
 *   fewer than two classes
 *
 * @example
 * const flowers = classFolder('flowers'); // flowers/train/rose/1.jpg, flowers/val/tulip/7.jpg, …
 * flowers.classNames; // => ['rose', 'tulip']
 * flowers.label(0); // => 0
 */
export function classFolder(directory: string, options: ImageFolderOptions = {}): ClassificationDataset {
  const folder = imageFolder(directory, options);
  const classes = Array.from({ length: folder.length }, (_, index) => {
    const name = className(folder.name(index));
    if (name !== undefined) return name;
    throw new PixconError(
      'data',
      `classFolder: expected one sub-folder per class in ${directory}, but ${folder.name(index)} lies in none`,
    );
  });
  const classNames = [...new Set(classes)].sort();
  if (classNames.length < 2) {
    throw new PixconError(
      'data',
      `classFolder: expected sub-folders of at least two classes in ${directory}, found ${classNames.join(', ')} alone`,
    );
  }
  const labels = classes.map((name) => classNames.indexOf(name));
  return {
    ...folder,
    classNames,
    label(index) {
      folder.name(index);
      return labels[index] as number;
    },
  };
}

/** The first folder of a path, or the second below a split's. */
function className(path: string): string | undefined {
  const folders = path.split('/').slice(0, -1);
  return /^(train(ing)?|val(id|idation)?|test)$/i.test(folders[0] ?? '') ? folders[1] : folders[0];
}
