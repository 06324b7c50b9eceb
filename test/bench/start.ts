import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Measured, milliseconds } from './figure.ts';
import { compare, timed } from './measure.ts';
import { runTool } from './programs.ts';
import { type Subject, startSidecar } from './sidecars.ts';

/** From the spawn to the answer to `initialize`, against a Node that does nothing and ends; and the same where Node keeps what it has compiled. */
export async function measureStart(subject: Subject, rounds: number): Promise<Measured[]> {
  const cache = mkdtempSync(join(tmpdir(), 'sidewarden-bench-'));
  try {
    return [
      await measure(subject, rounds, {
        env: {},
        what: 'spawn to the answer to `initialize`, against `node -e 0`',
        bound: { atMost: 2.2 },
        why: 'by CPU profile, of what goes beyond a bare Node a third is compiling the bundle, a third Node’s own modules (net, streams, crypto), and a sixth each vscode-jsonrpc and koffi.',
      }),
      await measure(subject, rounds, {
        env: { NODE_COMPILE_CACHE: cache },
        what: 'the same with `NODE_COMPILE_CACHE`, which its host may set',
        bound: null,
      }),
    ];
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

interface Variant {
  env: Record<string, string>;
  what: string;
  bound: { atMost: number } | null;
  why?: string;
}

async function measure(subject: Subject, rounds: number, { env, ...said }: Variant): Promise<Measured> {
  const start = async () => {
    const startedAt = performance.now();
    const sidecar = await startSidecar(subject, env);
    const elapsedMs = performance.now() - startedAt;
    await sidecar.end();
    return elapsedMs;
  };
  // A cache is written at the end of the first.
  await start();
  const { medians, ratios } = await compare(rounds, [start, () => timed(() => runTool(process.execPath, ['-e', '0']))]);
  return {
    ...said,
    ours: milliseconds(medians[0] as number),
    peer: milliseconds(medians[1] as number),
    value: ratios[1] as number,
    unit: '×',
  };
}
