import { PixconError } from '@pixcon/core';
import type { ShapeName } from './shapes.ts';
import type { TextureName } from './textures.ts';

/** An object class: what all of its instances share. Colours, size, turn and place are drawn per instance. */
export interface SceneClass {
  readonly name: string;
  readonly shape: ShapeName;
  readonly texture: TextureName;
}

/** The object classes of `syntheticScenes`. */
export const sceneClasses: readonly SceneClass[] = [
  { name: 'striped disc', shape: 'disc', texture: 'stripes' },
  { name: 'checked square', shape: 'square', texture: 'checks' },
  { name: 'dotted triangle', shape: 'triangle', texture: 'dots' },
  { name: 'ringed star', shape: 'star', texture: 'rings' },
  { name: 'wavy ellipse', shape: 'ellipse', texture: 'waves' },
  { name: 'grainy hexagon', shape: 'hexagon', texture: 'grain' },
  { name: 'shaded cross', shape: 'cross', texture: 'gradient' },
  { name: 'bricked pill', shape: 'pill', texture: 'bricks' },
];

/** @throws PixconError `invalid-argument` for an unknown or repeated name, or none */
export function chooseClasses(names: readonly string[] | undefined): readonly SceneClass[] {
  if (!names) return sceneClasses;
  const known = sceneClasses.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (names.length > 0 && unknown === undefined && new Set(names).size === names.length) {
    return names.map((name) => sceneClasses[known.indexOf(name)] as SceneClass);
  }
  throw new PixconError(
    'invalid-argument',
    `syntheticScenes: classes must be one or more different names of ${known.join(', ')}; got ${names.join(', ') || 'none'}`,
  );
}
