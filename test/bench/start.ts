import { type Measured, milliseconds } from './figure.ts';
import { compare, timed } from './measure.ts';
import { runTool } from './programs.ts';
import { type Subject, startSidecar } from './sidecars.ts';

/** From the spawn to the answer to `initialize`, against a Node that does nothing and ends. */
export async function measureStart(subject: Subject, rounds: number): Promise<Measured[]> {
  const start = async () => {
    const startedAt = performance.now();
    const sidecar = await startSidecar(subject);
    const elapsedMs = performance.now() - startedAt;
    await sidecar.end();
    return elapsedMs;
  };
  await start();
  const { medians, ratios } = await compare(rounds, [start, () => timed(() => runTool(process.execPath, ['-e', '0']))]);
  return [
    {
      what: 'spawn to the answer to `initialize`, against `node -e 0`',
      ours: milliseconds(medians[0] as number),
      peer: milliseconds(medians[1] as number),
      value: ratios[1] as number,
      unit: '×',
      bound: { atMost: 2.2 },
      why: 'by CPU profile, of what goes beyond a bare Node a third is compiling the bundle, which holds the code for every system, a third Node’s own modules (net, streams, crypto), and a sixth each vscode-jsonrpc and koffi.',
    },
  ];
}
