import { expect, it } from 'vitest';
import { UnreadableImages } from './unreadable-images.ts';

it('names each image once, up to 5%, without the path that the reader repeats', () => {
  const told: string[] = [];
  const images = new UnreadableImages(40, (name, reason) => told.push(`${name}: ${reason}`));
  images.add('a.jpg', 'imageFolder: cannot read photos/a.jpg: the file is empty');
  images.add('a.jpg', 'imageFolder: cannot read photos/a.jpg: the file is empty');
  images.add('b.jpg', 'no idea');
  expect(told).toEqual(['a.jpg: the file is empty', 'b.jpg: no idea']);
  expect(images.names).toEqual(['a.jpg', 'b.jpg']);
});

it('throws the list beyond 5%, each time', () => {
  const told: string[] = [];
  const images = new UnreadableImages(40, (name) => told.push(name));
  images.add('a', '1');
  images.add('b', '2');
  const message =
    'pretrain: more than 5% of the 40 images cannot be read (3 so far); repair or remove them:\n  a: 1\n  b: 2\n  c: 3';
  expect(() => images.add('c', '3')).toThrow(message);
  expect(() => images.add('a', '1')).toThrow(message);
  expect(told).toEqual(['a', 'b']);
});

it('goes on from a checkpoint, and forgets what was repaired', () => {
  const first = new UnreadableImages(20);
  first.add('a', '1');
  const told: string[] = [];
  const second = new UnreadableImages(20, (name) => told.push(name));
  second.restore(first.save());
  second.add('a', '1');
  expect([told, second.names]).toEqual([[], ['a']]);
  expect(() => second.add('b', '2')).toThrow('(2 so far)');
  second.remove('a');
  second.add('b', '2');
  expect(second.names).toEqual(['b']);
});

it('takes none of a small data set', () => {
  expect(() => new UnreadableImages(19).add('a', '1')).toThrow('more than 5% of the 19');
  expect(() => new UnreadableImages(20).add('a', '1')).not.toThrow();
});
