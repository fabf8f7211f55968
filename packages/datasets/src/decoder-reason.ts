/** What sharp says of a file that it cannot decode, in a line. */
export function decoderReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = (message.split('\n', 1)[0] as string).trim();
  // libvips says no more about some files that end early.
  if (line === 'Unknown error' || line === '' || line.endsWith(':'))
    return 'the image data is damaged or cut off';
  return line;
}
