import type { WorkloadResult } from './compare.ts';
import type { Measurement } from './measurement.ts';

/** A result as lines of text. */
export function resultLines(result: WorkloadResult): string[] {
  const { peer, ratio } = result;
  const lines = [
    `  ours   ${figures(result)}  ${result.backend}: ${Object.values(result.versions).join(', ')}`,
  ];
  if (peer) lines.push(`  peer   ${figures(peer)}  ${Object.values(peer.versions).join(', ')}`);
  if (ratio) {
    const extra = ratio.extraMemory === undefined ? '' : `  extra memory ${ratio.extraMemory.toFixed(2)}`;
    lines.push(
      `  ratio  time ${ratio.time.toFixed(2)}  memory ${ratio.memory.toFixed(2)}${extra}  (ours / peer)`,
    );
  }
  return lines;
}

function figures(measurement: Measurement): string {
  const { secondsPerStep, spread, imagesPerSecond, peakRssMiB, extraMiB, wallSecondsPerStep } = measurement;
  const range = spread ? ` (${seconds(spread.minimum)} to ${seconds(spread.maximum)})` : '';
  const cpu = wallSecondsPerStep === undefined ? '' : ' of one core';
  const extra = extraMiB === undefined ? '' : `, +${Math.round(extraMiB)} MiB by the work`;
  return `${seconds(secondsPerStep)} s/step${cpu}${range}  ${imagesPerSecond.toFixed(1)} images/s  ${Math.round(peakRssMiB)} MiB peak${extra}`;
}

function seconds(value: number): string {
  return value.toPrecision(3);
}
