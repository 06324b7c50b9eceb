import type { describe, TestOptions, test } from 'vitest';
import { hasIpv6, isLinux, isRoot, python } from './needs.ts';
import { hasNative } from './sidecar.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Why it was not even begun, for the summary (test/setup/summary.ts). */
    skipReason?: string;
  }
}

type Api = typeof describe | typeof test;
type Parts = [name: string, ...(TestOptions | ((...args: never[]) => unknown))[]];

/** A suite, or a test, that can run only where this is so: `only(isMac, 'needs a Mac')(describe)('on a Mac', …)`. The reason is told wherever it is not. */
export function only(isSo: boolean, reason: string): <One extends Api>(api: One) => One {
  return (api) => (isSo ? api : (skipping(api, reason) as unknown as typeof api));
}

export const onLinux = only(isLinux, 'needs Linux');
export const asRoot = only(isRoot, 'needs root');
export const withKoffi = only(hasNative, 'needs native calls (koffi)');
export const withIpv6 = only(hasIpv6, 'needs IPv6');
export const withPython = only(python !== null, 'needs python3 on the PATH');

function skipping(api: Api, reason: string) {
  const skip = api.skip as unknown as Call & Record<'each' | 'for', (cases: unknown) => Call>;
  const withReason =
    (call: Call): Call =>
    (name, ...parts) => {
      const [options] = parts.filter((part): part is TestOptions => typeof part === 'object');
      const [body] = parts.filter((part) => typeof part === 'function');
      return call(name, { ...options, meta: { skipReason: reason } }, body as never);
    };
  return Object.assign(withReason(skip), {
    each: (cases: unknown) => withReason(skip.each(cases)),
    for: (cases: unknown) => withReason(skip.for(cases)),
  });
}

type Call = (...parts: Parts) => unknown;
