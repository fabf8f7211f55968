import type { RandomStream } from '@pixcon/core';
import { paintBackground } from './background.ts';
import type { SceneClass } from './classes.ts';
import { drawColourPair } from './colours.ts';
import { shapeDistance } from './shapes.ts';
import { makeTexture } from './textures.ts';

export interface Scene {
  /** Interleaved RGB, `[size × size × 3]`. */
  readonly image: Uint8Array;
  /** Class per pixel: 0 is background, then the classes in their order. */
  readonly mask: Uint8Array;
}

interface Placement {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** A scene of `count` objects of random classes, later ones over earlier ones. */
export function renderScene(
  random: RandomStream,
  size: number,
  count: number,
  classes: readonly SceneClass[],
): Scene {
  const pixels = new Float32Array(size * size * 3);
  const mask = new Uint8Array(size * size);
  paintBackground(pixels, size, random.fork('background'));
  const placements: Placement[] = [];
  for (let object = 0; object < count; object++) {
    const own = random.fork('object', object);
    const placement = drawPlacement(own, size, placements);
    placements.push(placement);
    const index = own.integer(0, classes.length);
    paintObject(pixels, mask, size, placement, classes[index] as SceneClass, index + 1, own);
  }
  return { image: expose(pixels, size, random.fork('light')), mask };
}

/** A place that leaves objects seen so far mostly visible, if one is found soon. */
function drawPlacement(random: RandomStream, size: number, others: readonly Placement[]): Placement {
  const radius = size * random.uniform(0.1, 0.21);
  for (let attempt = 0; ; attempt++) {
    const x = size * random.uniform(0.06, 0.94);
    const y = size * random.uniform(0.06, 0.94);
    const clear = others.every(
      (other) => Math.hypot(other.x - x, other.y - y) > 0.8 * Math.max(other.radius, radius),
    );
    if (clear || attempt === 20) return { x, y, radius };
  }
}

function paintObject(
  pixels: Float32Array,
  mask: Uint8Array,
  size: number,
  { x: centreX, y: centreY, radius }: Placement,
  { shape, texture: textureName }: SceneClass,
  label: number,
  random: RandomStream,
): void {
  const distance = shapeDistance(shape);
  const period = (size / 128) * random.uniform(6, 8.5);
  const texture = makeTexture(textureName, period, radius, random);
  const [first, second] = drawColourPair(random, 0.5);
  const turn = random.uniform(0, 2 * Math.PI);
  const cosine = Math.cos(turn);
  const sine = Math.sin(turn);
  const lightX = random.uniform(-0.2, 0.2);
  const lightY = random.uniform(-0.2, 0.2);
  const reach = 1.15 * radius + 1;
  const lastRow = Math.min(size - 1, Math.ceil(centreY + reach));
  const lastColumn = Math.min(size - 1, Math.ceil(centreX + reach));
  for (let row = Math.max(0, Math.floor(centreY - reach)); row <= lastRow; row++) {
    for (let column = Math.max(0, Math.floor(centreX - reach)); column <= lastColumn; column++) {
      const dx = column + 0.5 - centreX;
      const dy = row + 0.5 - centreY;
      const x = cosine * dx + sine * dy;
      const y = cosine * dy - sine * dx;
      const outside = distance(x / radius, y / radius) * radius;
      const coverage = Math.min(1, Math.max(0, 0.5 - outside));
      if (coverage === 0) continue;
      const at = row * size + column;
      if (coverage >= 0.5) mask[at] = label;
      const rim = Math.min(1, 0.72 + Math.max(0, -outside) * 0.14);
      const light = rim * (1 + (lightX * dx + lightY * dy) / radius);
      const share = texture(x, y);
      for (let channel = 0; channel < 3; channel++) {
        const from = first[channel] as number;
        const colour = (from + share * ((second[channel] as number) - from)) * light;
        const below = pixels[at * 3 + channel] as number;
        pixels[at * 3 + channel] = below + coverage * (colour - below);
      }
    }
  }
}

/** Uneven light over the picture, sensor noise, and 8 bits. */
function expose(pixels: Float32Array, size: number, random: RandomStream): Uint8Array {
  const image = new Uint8Array(pixels.length);
  const slopeX = random.uniform(-0.25, 0.25);
  const slopeY = random.uniform(-0.25, 0.25);
  const noise = random.uniform(4, 14);
  for (let at = 0; at < size * size; at++) {
    const light = 255 * (1 + slopeX * ((at % size) / size - 0.5) + slopeY * (at / size / size - 0.5));
    const bits = random.nextUint32();
    for (let channel = 0; channel < 3; channel++) {
      const grain = (((bits >>> (10 * channel)) & 1023) / 1023 - 0.5) * noise;
      const value = (pixels[at * 3 + channel] as number) * light + grain;
      image[at * 3 + channel] = Math.min(255, Math.max(0, Math.round(value)));
    }
  }
  return image;
}
