import { frame } from './client.ts';
import { type Measured, milliseconds } from './figure.ts';
import { compare, type Measure, timed } from './measure.ts';
import { compileC, fileHere, findPsutil, type LineProgram, runTool, startLineProgram, versionOf } from './programs.ts';
import { busy, startCrowd } from './scene/crowd.ts';
import { type Subject, startSidecar } from './sidecars.ts';

/** Who holds this port, on a busy machine: the sidecar, and what one would use instead. */
export async function measurePortFind(subject: Subject, rounds: number): Promise<Measured[]> {
  await using crowd = await startCrowd(busy);
  using compiled = compileC(fileHere('./peers/scanDescriptors.c'));
  const psutil = findPsutil();
  await using cLoop = compiled && (await startLineProgram([compiled.path, String(crowd.inode)]));
  await using python = psutil && (await startLineProgram([psutil.python, fileHere('./peers/netConnections.py'), String(crowd.port)]));
  const sidecar = await startSidecar(subject);

  const rivals = [
    rival('ss -Hltnp', 0.5, tool('ss', ['-V'], ['-Hltnp', `sport = :${crowd.port}`]), 'no ss'),
    rival('lsof -nP', 0.2, tool('lsof', ['-v'], ['-nP', `-iTCP:${crowd.port}`, '-sTCP:LISTEN']), 'no lsof'),
    rival('psutil.net_connections', 1, lookOf(python), 'no Python with psutil; SIDEWARDEN_PYTHON may name one'),
    rival('one thread in C', 1, lookOf(cLoop), 'no cc'),
  ];
  const present = rivals.filter(({ measure }) => measure !== null);
  const request = frame('port/find', { port: crowd.port });
  await sidecar.ask(request);
  const { medians, ratios } = await compare(rounds, [
    () => timed(() => sidecar.ask(request)),
    ...present.map(({ measure }) => measure as Measure),
  ]);
  await sidecar.end();

  return rivals.map(({ name, atMost, missing, measure }) => {
    const what = `\`port/find\` on the busy machine, against \`${name}\``;
    if (measure === null) return { what, missing };
    const place = 1 + present.findIndex((one) => one.name === name);
    return {
      what,
      ours: milliseconds(medians[0] as number),
      peer: milliseconds(medians[place] as number),
      value: ratios[place] as number,
      unit: '×',
      bound: { atMost },
    };
  });
}

function rival(name: string, atMost: number, measure: Measure | null, missing: string) {
  return { name, atMost, measure, missing };
}

function tool(command: string, versionArgs: string[], args: string[]): Measure | null {
  return versionOf(command, versionArgs) === null ? null : () => timed(() => runTool(command, args));
}

/** Without the start of its process: the program measures each look itself. */
function lookOf(program: LineProgram | null): Measure | null {
  if (program === null) return null;
  return async () => {
    const [milliseconds, owners] = (await program.next()).split(' ').map(Number) as [number, number];
    if (owners !== 1) throw new Error(`It found ${owners} owners of the port, which has one.`);
    return milliseconds;
  };
}
