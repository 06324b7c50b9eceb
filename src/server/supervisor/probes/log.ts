import type { ServiceOutput } from '../output/output.ts';

/** Looks for a line from now on. */
export interface LineWatch {
  /** Resolves with the first line that matches. */
  readonly found: Promise<void>;
  stop(): void;
}

export const alreadyFound: LineWatch = { found: Promise.resolve(), stop() {} };

/** Begun before the program is: its first line may be the one. */
export function watchForLine(pattern: string, output: Pick<ServiceOutput, 'onLine'>): LineWatch {
  const expression = new RegExp(pattern);
  const found = Promise.withResolvers<void>();
  const stop = output.onLine(({ text }) => {
    if (!expression.test(text)) return;
    found.resolve();
    stop();
  });
  return { found: found.promise, stop };
}
