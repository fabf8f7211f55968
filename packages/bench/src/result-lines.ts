import type { Ratio, WorkloadResult } from './compare.ts';
import type { Measurement } from './measurement.ts';

/** A result as lines of text. */
export function resultLines(result: WorkloadResult): string[] {
  const { peer, ratio, stock, stockRatio } = result;
  const lines = [
    `  ours   ${figures(result)}  ${result.backend}: ${Object.values(result.versions).join(', ')}`,
  ];
  if (peer) lines.push(`  peer   ${figures(peer)}  ${Object.values(peer.versions).join(', ')}`);
  if (ratio) lines.push(`${ratios(ratio)}  (ours / peer)`);
  if (stock) lines.push(`  stock  ${figures(stock)}  ${Object.values(stock.versions).join(', ')}`);
  if (stockRatio) lines.push(`${ratios(stockRatio)}  (ours / stock)`);
  return lines;
}

function ratios({ time, cpuTime, memory, deviceMemory, extraMemory }: Ratio): string {
  const cpu = cpuTime === undefined ? '' : `  processor time ${cpuTime.toFixed(2)}`;
  const device = deviceMemory === undefined ? '' : `  device memory ${deviceMemory.toFixed(2)}`;
  const extra = extraMemory === undefined ? '' : `  extra memory ${extraMemory.toFixed(2)}`;
  return `  ratio  time ${time.toFixed(2)}${cpu}  memory ${memory.toFixed(2)}${device}${extra}`;
}

function figures(measurement: Measurement): string {
  const { secondsPerStep, spread, imagesPerSecond, wallSecondsPerStep } = measurement;
  const { peakRssMiB, peakDeviceMiB, extraMiB } = measurement;
  const range = spread ? ` (${seconds(spread.minimum)} to ${seconds(spread.maximum)})` : '';
  const device = peakDeviceMiB === undefined ? '' : `, ${Math.round(peakDeviceMiB)} MiB on the device`;
  const cpu = wallSecondsPerStep === undefined ? '' : ' of one core';
  const extra = extraMiB === undefined ? '' : `, +${Math.round(extraMiB)} MiB by the work`;
  return `${seconds(secondsPerStep)} s/step${cpu}${range}  ${imagesPerSecond.toFixed(1)} images/s  ${Math.round(peakRssMiB)} MiB peak${device}${extra}`;
}

function seconds(value: number): string {
  return value.toPrecision(3);
}
