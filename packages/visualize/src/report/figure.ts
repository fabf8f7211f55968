import { escapeText } from '../markup.ts';

/** A picture with what it shows below. The caption is text, the picture is markup. */
export function figure(picture: string, caption: string, className = ''): string {
  const classes = className === '' ? '' : ` class="${className}"`;
  return `<figure${classes}>${picture}<figcaption>${escapeText(caption)}</figcaption></figure>`;
}
