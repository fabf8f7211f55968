import type { Box } from '@pixcon/core';
import type { LabPlanes } from './lab-planes.ts';
import type { Segmentation } from './segment-graph.ts';

/** A connected part of an image, with what its likeness to others is told by. */
export interface Region {
  /** In pixels. */
  readonly size: number;
  readonly box: Box;
  /** Pixels by channel and value, [3 × 25]. */
  readonly colours: Float32Array;
  /** Pixels by channel, direction and steepness of the slope, [3 × 8 × 10]. */
  readonly texture: Float32Array;
}

const colourBins = 25;
const directions = 8;
const slopeBins = 10;
/** Slopes per pixel fall into bins of this width; the last one is open. */
const slopeStep = 3;

/** The segments as regions, in the order of their labels. */
export function initialRegions(image: LabPlanes, { labels, count }: Segmentation): Region[] {
  const boxes = boundingBoxes(labels, count, image.width);
  const sizes = new Int32Array(count);
  for (const label of labels) sizes[label] = (sizes[label] as number) + 1;
  const colours = colourHistograms(image, labels, count);
  const texture = slopeHistograms(image, labels, count);
  const part = (all: Float32Array, index: number): Float32Array => {
    const length = all.length / count;
    return all.subarray(index * length, (index + 1) * length);
  };
  return boxes.map((box, index) => ({
    size: sizes[index] as number,
    box,
    colours: part(colours, index),
    texture: part(texture, index),
  }));
}

/** Two regions as one. */
export function joinRegions(a: Region, b: Region): Region {
  return {
    size: a.size + b.size,
    box: hull(a.box, b.box),
    colours: a.colours.map((count, bin) => count + (b.colours[bin] as number)),
    texture: a.texture.map((count, bin) => count + (b.texture[bin] as number)),
  };
}

/**
 * How well two neighbours belong together, from 0 to 4: the intersections of their normalised histograms of colour
 * and of texture, 1 less their share of the image (small regions join first), and 1 less the share of the image that
 * the box around both leaves empty (regions that fit into each other).
 *
 * @see Uijlings et al. 2013, Selective Search for Object Recognition, IJCV 104, equations 2 to 5
 */
export function similarity(a: Region, b: Region, imageSize: number): number {
  const colour = histogramIntersection(a.colours, a.size, b.colours, b.size) / 3;
  const texture = histogramIntersection(a.texture, a.size, b.texture, b.size) / (3 * directions);
  const joined = a.size + b.size;
  const { x0, y0, x1, y1 } = hull(a.box, b.box);
  const fill = 1 - ((x1 - x0) * (y1 - y0) - joined) / imageSize;
  return colour + texture + (1 - joined / imageSize) + fill;
}

function histogramIntersection(a: Float32Array, sizeA: number, b: Float32Array, sizeB: number): number {
  let sum = 0;
  for (let bin = 0; bin < a.length; bin++) {
    sum += Math.min((a[bin] as number) / sizeA, (b[bin] as number) / sizeB);
  }
  return sum;
}

function hull(a: Box, b: Box): Box {
  return {
    x0: Math.min(a.x0, b.x0),
    y0: Math.min(a.y0, b.y0),
    x1: Math.max(a.x1, b.x1),
    y1: Math.max(a.y1, b.y1),
  };
}

function boundingBoxes(labels: Int32Array, count: number, width: number): Box[] {
  const boxes = Array.from({ length: count }, () => ({ x0: width, y0: labels.length, x1: 0, y1: 0 }));
  for (let at = 0; at < labels.length; at++) {
    const x = at % width;
    const y = (at - x) / width;
    const box = boxes[labels[at] as number] as { x0: number; y0: number; x1: number; y1: number };
    if (x < box.x0) box.x0 = x;
    if (x >= box.x1) box.x1 = x + 1;
    if (y < box.y0) box.y0 = y;
    if (y >= box.y1) box.y1 = y + 1;
  }
  return boxes;
}

function colourHistograms({ planes }: LabPlanes, labels: Int32Array, count: number): Float32Array {
  const histograms = new Float32Array(count * 3 * colourBins);
  for (const [channel, plane] of planes.entries()) {
    for (let at = 0; at < labels.length; at++) {
      const bin = Math.floor(((plane[at] as number) / 256) * colourBins);
      const inRange = Math.min(colourBins - 1, Math.max(0, bin));
      const place = ((labels[at] as number) * 3 + channel) * colourBins + inRange;
      histograms[place] = (histograms[place] as number) + 1;
    }
  }
  return histograms;
}

/** The slope towards each of eight directions, 0 where the plane falls that way. */
function slopeHistograms(image: LabPlanes, labels: Int32Array, count: number): Float32Array {
  const { width, height, planes } = image;
  const histograms = new Float32Array(count * 3 * directions * slopeBins);
  for (const [channel, plane] of planes.entries()) {
    for (let y = 0; y < height; y++) {
      const above = Math.max(0, y - 1) * width;
      const below = Math.min(height - 1, y + 1) * width;
      for (let x = 0; x < width; x++) {
        const left = plane[y * width + Math.max(0, x - 1)] as number;
        const right = plane[y * width + Math.min(width - 1, x + 1)] as number;
        const dx = (right - left) / 2;
        const dy = ((plane[below + x] as number) - (plane[above + x] as number)) / 2;
        const start = ((labels[y * width + x] as number) * 3 + channel) * directions * slopeBins;
        for (let direction = 0; direction < 4; direction++) {
          const slope = slopeTowards(direction, dx, dy);
          const steep = Math.min(slopeBins - 1, Math.floor(Math.abs(slope) / slopeStep));
          // A slope one way is none the other way.
          const up = start + (slope >= 0 ? direction : direction + 4) * slopeBins + steep;
          const down = start + (slope >= 0 ? direction + 4 : direction) * slopeBins;
          histograms[up] = (histograms[up] as number) + 1;
          histograms[down] = (histograms[down] as number) + 1;
        }
      }
    }
  }
  return histograms;
}

/** The derivative along direction · 45°. */
function slopeTowards(direction: number, dx: number, dy: number): number {
  if (direction === 0) return dx;
  if (direction === 2) return dy;
  return Math.SQRT1_2 * (direction === 1 ? dx + dy : dy - dx);
}
