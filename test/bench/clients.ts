import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchNode, Sidecar } from '../../clients/typescript/index.ts';
import { root } from '../harness/sidecar.ts';
import { frame } from './client.ts';
import { type Measured, milliseconds } from './figure.ts';
import { compare, percentile, timedEach } from './measure.ts';
import { fileHere, findPython, startLineProgram } from './programs.ts';
import { type Subject, startSidecar } from './sidecars.ts';

const params = { port: 20_000, host: '127.0.0.1' };
const batch = 300;

/** What our clients add to a round trip, each with a sidecar of its own. */
export async function measureClients({ bin }: Subject, rounds: number): Promise<Measured[]> {
  const stateDir = mkdtempSync(join(tmpdir(), 'sidewarden-bench-'));
  await using sidecar = await Sidecar.spawn({ appId: 'bench', options: { stateDir }, launch: launchNode({ file: bin }) });
  const wire = await startSidecar({ bin });
  const request = frame('port/check', params);
  const overWire = () => medianOf(() => wire.ask(request));
  const typescript = () => medianOf(() => sidecar.port.check(params));
  for (let warmUp = 0; warmUp < 5; warmUp += 1) for (const one of [overWire, typescript]) await one();

  const alone = await compare(rounds, [typescript, overWire]);
  const figures: Measured[] = [
    {
      what: '`port/check` p50 through the TypeScript client, against the bare wire',
      ours: milliseconds(alone.medians[0] as number),
      peer: milliseconds(alone.medians[1] as number),
      value: alone.ratios[1] as number,
      unit: '×',
      bound: { atMost: 1.25 },
    },
    await measurePython(bin, stateDir, rounds, typescript),
  ];
  await wire.end();
  rmSync(stateDir, { recursive: true, force: true });
  return figures;
}

async function measurePython(bin: string, stateDir: string, rounds: number, typescript: () => Promise<number>): Promise<Measured> {
  const what = '`port/check` p50 through the Python client, against the TypeScript client';
  const python = findPython();
  if (python === null) return { what, missing: 'there is no python3' };
  await using program = await startLineProgram([
    python,
    fileHere('./peers/pythonClient.py'),
    join(root, 'clients', 'python', 'src'),
    process.execPath,
    bin,
    stateDir,
  ]);
  const throughPython = async () => Number(await program.next(String(batch)));
  for (let warmUp = 0; warmUp < 5; warmUp += 1) await throughPython();
  const { medians, ratios } = await compare(rounds, [throughPython, typescript]);
  return {
    what,
    ours: milliseconds(medians[0] as number),
    peer: milliseconds(medians[1] as number),
    value: ratios[1] as number,
    unit: '×',
    bound: { atMost: 2 },
  };
}

async function medianOf(action: () => unknown): Promise<number> {
  return percentile(await timedEach(batch, action), 50);
}
