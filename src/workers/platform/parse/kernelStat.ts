/** When the system booted, epoch seconds by the present wall clock, from /proc/stat; null when the text does not say. */
export function parseBootTime(text: string): number | null {
  const seconds = /^btime (\d+)$/m.exec(text)?.[1];
  return seconds === undefined ? null : Number(seconds);
}
