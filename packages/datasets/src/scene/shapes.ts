/** A shape around the origin that fits in a circle of radius about 1. */
export type ShapeName = 'disc' | 'square' | 'triangle' | 'star' | 'ellipse' | 'hexagon' | 'cross' | 'pill';

/** Negative inside, positive outside, about the distance to the outline near it. */
export type SignedDistance = (x: number, y: number) => number;

export function shapeDistance(shape: ShapeName): SignedDistance {
  switch (shape) {
    case 'disc':
      return (x, y) => Math.hypot(x, y) - 0.92;
    case 'square':
      return (x, y) => Math.max(Math.abs(x), Math.abs(y)) - 0.8;
    case 'triangle':
      return (x, y) => polygonDistance(x, y, 3, 0.6);
    case 'star':
      return starDistance;
    case 'ellipse':
      return (x, y) => (Math.hypot(x / 1.1, y / 0.68) - 1) * 0.68;
    case 'hexagon':
      return (x, y) => polygonDistance(x, y, 6, 0.86);
    case 'cross':
      return (x, y) =>
        Math.min(
          Math.max(Math.abs(x) - 1, Math.abs(y) - 0.36),
          Math.max(Math.abs(x) - 0.36, Math.abs(y) - 1),
        );
    case 'pill':
      return (x, y) => Math.hypot(Math.max(0, Math.abs(x) - 0.55), y) - 0.5;
  }
}

/** A regular polygon, by its number of sides and the radius of its inner circle. */
function polygonDistance(x: number, y: number, sides: number, innerRadius: number): number {
  const sector = (2 * Math.PI) / sides;
  const angle = Math.atan2(y, x);
  return Math.hypot(x, y) * Math.cos(angle - sector * Math.round(angle / sector)) - innerRadius;
}

/** A star of five tips: distance to the edge between a tip and its inner corner, folded into half a sector. */
function starDistance(x: number, y: number): number {
  const sector = (2 * Math.PI) / 5;
  const angle = Math.atan2(y, x);
  const folded = Math.abs(angle - sector * Math.round(angle / sector));
  const radius = Math.hypot(x, y);
  const tip = 1.08;
  const innerX = 0.52 * Math.cos(sector / 2);
  const innerY = 0.52 * Math.sin(sector / 2);
  const edgeX = innerX - tip;
  const length = Math.hypot(edgeX, innerY);
  return ((radius * Math.cos(folded) - tip) * innerY - radius * Math.sin(folded) * edgeX) / length;
}
