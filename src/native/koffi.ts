import { createRequire } from 'node:module';

type Koffi = typeof import('koffi');

/** koffi, or the sentence that says why there is none: it is optional, and every use names its fallback. */
export type KoffiAnswer = { koffi: Koffi; problem: null } | { koffi: null; problem: string };

/** Loads koffi once for this thread; it takes some 15 ms and 5 MB, so nobody does before the first use. */
export function loadKoffi(): KoffiAnswer {
  loaded ??= tryToLoad();
  return loaded;
}
let loaded: KoffiAnswer | undefined;

function tryToLoad(): KoffiAnswer {
  try {
    return { koffi: createRequire(import.meta.url)('koffi') as Koffi, problem: null };
  } catch (error) {
    const cause = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    return { koffi: null, problem: `The optional package koffi could not be loaded (${cause}).` };
  }
}
