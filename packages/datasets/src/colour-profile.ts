/**
 * True for a JPEG file whose embedded colour profile says no more than that its colours are sRGB. Converting them to
 * sRGB changes nothing then, and takes longer than to decode them.
 *
 * Reads markers only. A file that is no JPEG, has no profile or one in several parts gives false.
 */
export function isTaggedSrgb(file: Uint8Array): boolean {
  const profile = jpegProfile(file);
  return profile !== undefined && describesSrgb(profile);
}

const profileName = 'ICC_PROFILE\0';

/** @see ICC.1:2010, annex B.4 */
function jpegProfile(file: Uint8Array): Uint8Array | undefined {
  if (file[0] !== 0xff || file[1] !== 0xd8) return undefined;
  for (let at = 2; at + 4 <= file.length && file[at] === 0xff; ) {
    const marker = file[at + 1] as number;
    // Start of scan: what follows are pixels.
    if (marker === 0xda) return undefined;
    const end = at + 2 + 256 * (file[at + 2] as number) + (file[at + 3] as number);
    const data = at + 4 + profileName.length;
    if (marker === 0xe2 && data + 2 <= end && end <= file.length && text(file, at + 4, 12) === profileName) {
      const isWhole = file[data] === 1 && file[data + 1] === 1;
      return isWhole ? file.subarray(data + 2, end) : undefined;
    }
    at = end;
  }
  return undefined;
}

/** sRGB's primaries, adapted to the D50 white of profiles. */
const primaries = {
  rXYZ: [0.43607, 0.22249, 0.01392],
  gXYZ: [0.38515, 0.71687, 0.09708],
  bXYZ: [0.14307, 0.06061, 0.7141],
} as const;

/**
 * A profile of three primaries and a curve each, which are sRGB's: primaries to 3e-4, curves to a quarter of a grey
 * level.
 *
 * @see ICC.1:2010, 8.3.3, 10.5 (curves), 10.15 (parametric curves); IEC 61966-2-1
 */
function describesSrgb(profile: Uint8Array): boolean {
  if (profile.length < 132 || text(profile, 16, 8) !== 'RGB XYZ ') return false;
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const tags = readTags(view, profile);
  // A profile with tables is read by them.
  if (tags === undefined || tags.has('A2B0')) return false;
  for (const [name, wanted] of Object.entries(primaries)) {
    const at = tags.get(name);
    if (at === undefined || at + 20 > profile.length) return false;
    const isFar = (value: number, axis: number) =>
      Math.abs(view.getInt32(at + 8 + 4 * axis) / 65_536 - value) > 3e-4;
    if (wanted.some(isFar)) return false;
  }
  const curves = new Set(['rTRC', 'gTRC', 'bTRC'].map((name) => tags.get(name)));
  return [...curves].every((at) => at !== undefined && isSrgbCurve(view, profile, at));
}

/** Where the data of each tag begins. */
function readTags(view: DataView, profile: Uint8Array): Map<string, number> | undefined {
  const count = view.getUint32(128);
  if (132 + 12 * count > profile.length) return undefined;
  const entries = Array.from({ length: count }, (_, tag): [string, number] => {
    const entry = 132 + 12 * tag;
    return [text(profile, entry, 4), view.getUint32(entry + 4)];
  });
  return new Map(entries);
}

function isSrgbCurve(view: DataView, profile: Uint8Array, at: number): boolean {
  const linear = readCurve(view, profile, at);
  if (linear === undefined) return false;
  for (let level = 0; level < 256; level++) {
    const light = linear(level / 255);
    const encoded = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
    if (!(Math.abs(255 * encoded - level) < 0.25)) return false;
  }
  return true;
}

/** A table of many values, or the parametric curve of sRGB's form. */
function readCurve(view: DataView, profile: Uint8Array, at: number): ((x: number) => number) | undefined {
  if (at + 32 > profile.length) return undefined;
  const kind = text(profile, at, 4);
  if (kind === 'curv') {
    const last = view.getUint32(at + 8) - 1;
    if (last < 255 || at + 12 + 2 * (last + 1) > profile.length) return undefined;
    const entry = (index: number) => view.getUint16(at + 12 + 2 * index) / 65_535;
    return (x) => {
      const low = Math.min(Math.floor(x * last), last - 1);
      return entry(low) + (x * last - low) * (entry(low + 1) - entry(low));
    };
  }
  if (kind !== 'para' || view.getUint16(at + 8) !== 3) return undefined;
  const parameter = (index: number) => view.getInt32(at + 12 + 4 * index) / 65_536;
  const [power, factor, shift, slope, knee] = [0, 1, 2, 3, 4].map(parameter) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return (x) => (x >= knee ? (factor * x + shift) ** power : slope * x);
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
