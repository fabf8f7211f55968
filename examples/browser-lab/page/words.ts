/** 1.4 s, 2:05, 1:02:03. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** 12.3 MB. */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value >= 1000 ? `${(value / 1000).toFixed(2)} GB` : `${value.toFixed(value < 10 ? 1 : 0)} MB`;
}

/** 3 digits: 0.52, 12.3, 456. */
export function rate(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value.toFixed(value >= 10 ? 1 : 2);
}
