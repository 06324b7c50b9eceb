import { paint, print, terminalWidth } from '../terminal.ts';

/* How the demo speaks, and what it times. */

export async function within(event: Promise<void>): Promise<void> {
  const timeUp = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeUp.reject(new Error('The event did not come within 10 s: that is a bug.')), 10_000);
  await Promise.race([event, timeUp.promise]).finally(() => clearTimeout(timer));
}

export async function timed<Value>(work: () => Promise<Value>): Promise<{ value: Value; ms: number }> {
  const startedAt = performance.now();
  return { value: await work(), ms: performance.now() - startedAt };
}

const indent = '   ';

/** Columns for text behind the indent. */
export const width = Math.min(terminalWidth() ?? 110, 130) - indent.length;

export function heading(text: string, ms: number | null): void {
  const took = ms === null ? '' : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  print('', `${paint('bold', text)}${took === '' ? '' : paint('cyan', `  ${took}`)}`);
}

export function say(line: string): void {
  print(`${indent}${line}`);
}
