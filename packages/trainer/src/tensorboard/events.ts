import {
  bytesField,
  doubleField,
  type Field,
  floatField,
  integerField,
  message,
  stringField,
} from './protobuf.ts';

/** A picture for TensorBoard. */
export interface EventImage {
  readonly tag: string;
  readonly width: number;
  readonly height: number;
  /** The bytes of a PNG file. */
  readonly png: Uint8Array;
}

/** What the numbers of the fields mean is in TensorFlow's `event.proto`, `summary.proto` and `tensor.proto`. */
const session = { start: 1 } as const;
const dataType = { string: 7 } as const;
const dataClass = { tensor: 2 } as const;
const rgba = 4;

/** The first record of every event file. */
export function versionEvent(wallTime: number): Uint8Array {
  return message(doubleField(1, wallTime), stringField(3, 'brain.Event:2'));
}

/** Tells TensorBoard to forget what it has read of this run from `step` on. */
export function sessionStartEvent(wallTime: number, step: number): Uint8Array {
  return event(wallTime, step, bytesField(7, message(integerField(1, session.start))));
}

/** The scalars of one step, by tag. */
export function scalarsEvent(
  wallTime: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    bytesField(1, message(stringField(1, tag), floatField(2, value))),
  );
  return event(wallTime, step, bytesField(5, message(...values)));
}

export function imagesEvent(wallTime: number, step: number, images: readonly EventImage[]): Uint8Array {
  const values = images.map(({ tag, width, height, png }) => {
    const image = message(
      integerField(1, height),
      integerField(2, width),
      integerField(3, rgba),
      bytesField(4, png),
    );
    return bytesField(1, message(stringField(1, tag), bytesField(4, image)));
  });
  return event(wallTime, step, bytesField(5, message(...values)));
}

/** A text, which TensorBoard renders as Markdown. */
export function textEvent(wallTime: number, step: number, tag: string, text: string): Uint8Array {
  const tensor = message(
    integerField(1, dataType.string),
    bytesField(2, message(bytesField(2, message(integerField(1, 1))))),
    stringField(8, text),
  );
  const metadata = message(bytesField(1, message(stringField(1, 'text'))), integerField(4, dataClass.tensor));
  const value = message(stringField(1, tag), bytesField(8, tensor), bytesField(9, metadata));
  return event(wallTime, step, bytesField(5, message(bytesField(1, value))));
}

/** @param wallTime in seconds since 1970 */
function event(wallTime: number, step: number, what: Field): Uint8Array {
  return message(doubleField(1, wallTime), integerField(2, step), what);
}
