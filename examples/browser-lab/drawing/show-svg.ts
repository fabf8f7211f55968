/** Shows a picture of @pixcon/visualize, which escapes every name in it. */
export function showSvg(place: HTMLElement, svg: string): void {
  place.classList.remove('empty');
  place.innerHTML = svg;
}

/** Pixels across a picture's place, within bounds: text in it then keeps its size. */
export function widthOf(place: HTMLElement, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(place.clientWidth)));
}
