import type { EncodedPair, EncodedPicture } from '@pixcon/visualize';

const namespace = 'http://www.w3.org/2000/svg';

/**
 * Puts the pictures of pairs into the page once, so that redrawing decodes nothing again.
 *
 * @param defs of a hidden SVG; what it holds is replaced
 * @returns the same pairs, whose pictures refer to those in the page
 */
export function sharePictures(pairs: readonly EncodedPair[], defs: Element): EncodedPair[] {
  defs.replaceChildren();
  const share = <Shown extends EncodedPicture>(picture: Shown, id: string): Shown => {
    const image = document.createElementNS(namespace, 'image');
    image.id = id;
    image.setAttribute('width', '1');
    image.setAttribute('height', '1');
    image.setAttribute('preserveAspectRatio', 'none');
    image.setAttribute('href', picture.href);
    defs.append(image);
    return { ...picture, href: `#${id}` };
  };
  return pairs.map((pair, place) => ({
    ...pair,
    photo: share(pair.photo, `photo-${place}`),
    views: [share(pair.views[0], `query-${place}`), share(pair.views[1], `key-${place}`)],
  }));
}
