/** Binary buffers arrive as DataViews into a larger buffer: typed arrays of them, copied if not aligned. */

type Typed = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;
type TypedClass<T extends Typed> = {
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): T;
  readonly BYTES_PER_ELEMENT: number;
};

/** The numbers of the buffer, little-endian as in every browser. */
export function asArray<T extends Typed>(kind: TypedClass<T>, view: DataView): T {
  const size = kind.BYTES_PER_ELEMENT;
  if (view.byteLength % size)
    throw new RangeError(`expected a multiple of ${size} bytes, got ${view.byteLength}`);
  if (view.byteOffset % size === 0) return new kind(view.buffer, view.byteOffset, view.byteLength / size);
  return new kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

export function asBytes(view: DataView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}

export function asText(view: DataView): string {
  return new TextDecoder().decode(asBytes(view));
}
