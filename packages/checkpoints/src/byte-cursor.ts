import { checkpointError } from './checkpoint-error.ts';

/** Reads bytes in order and never past their end. */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  get left(): number {
    return this.#bytes.length - this.position;
  }

  /** A view of the next `count` bytes. @throws PixconError `checkpoint` when fewer are left */
  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** The text up to the next line feed, which is taken too; at most 256 bytes. */
  line(): string {
    const end = this.#bytes.subarray(this.position, this.position + 256).indexOf(0x0a);
    if (end < 0) throw checkpointError('a line has no end');
    const text = this.text(end);
    this.position++;
    return text;
  }

  /** The bytes up to the next line feed, which is taken too. */
  rawLine(): Uint8Array {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) throw checkpointError('a line has no end');
    const bytes = this.bytes(end - this.position);
    this.position++;
    return bytes;
  }

  /** The next `count` bytes as UTF-8. */
  text(count: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes(count));
    } catch (cause) {
      if (cause instanceof TypeError) throw checkpointError('a text is not UTF-8', cause);
      throw cause;
    }
  }

  #take(count: number): number {
    if (count > this.left) {
      throw checkpointError(`expected ${count} more bytes, got ${this.left}: the file is cut off or damaged`);
    }
    const start = this.position;
    this.position += count;
    return start;
  }
}
