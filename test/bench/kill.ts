import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Peer } from './client.ts';
import { type Measured, milliseconds } from './figure.ts';
import { compare, type Measure, median, timed } from './measure.ts';
import { fileHere, findPsutil, findPython, type LineProgram, startLineProgram } from './programs.ts';
import { type Subject, startSidecar } from './sidecars.ts';

/** From the request to the confirmed answer: one polite process, beside what it needs by itself and beside other killers; and a tree of 200. */
export async function measureKill(subject: Subject, rounds: number): Promise<Measured[]> {
  const first = await measureFirst(subject, Math.ceil(rounds / 3));
  const sidecar = await startSidecar(subject);
  try {
    for (let kills = 0; kills < warmUp; kills += 1) await endBySidecar(sidecar, await startVictim(['sleep', '100'], false));
    return [
      first,
      await measureOne(sidecar, rounds, '`sleep`', ['sleep', '100'], false),
      await measureOne(
        sidecar,
        rounds,
        'a Node server',
        [process.execPath, '-e', "require('node:net').createServer().listen(0, '127.0.0.1', () => console.log('ready'))"],
        true,
      ),
      ...(await measureRivals(sidecar, rounds)),
      await measureTree(sidecar, Math.ceil(rounds / 3)),
    ];
  } finally {
    await sidecar.end();
  }
}

const treeCost =
  'so that none can fork away, each of the 200 is stopped, looked at and continued before it ends: each is given a processor twice, and some 30 calls by us, where `kill -9 -PGID` is one call and one turn for each.';

/** As ping and port/check are warmed up: until V8 has compiled what is called. */
const warmUp = 500;

/** What is allowed beside 1.5 times the time of its own. */
const allowanceMs = 2;

async function measureOne(sidecar: Peer, rounds: number, title: string, command: string[], announces: boolean): Promise<Measured> {
  const victim = () => startVictim(command, announces);
  await endBySidecar(sidecar, await victim());
  const { medians } = await compare(rounds, [async () => endBySidecar(sidecar, await victim()), async () => endByParent(await victim())]);
  const [ours, own] = medians as [number, number];
  return {
    what: `\`process/kill\` of ${title}, less ${allowanceMs} ms, against its own exit as its parent sees it`,
    ours: milliseconds(ours),
    peer: milliseconds(own),
    value: Math.max(0, ours - allowanceMs) / own,
    unit: '×',
    bound: { atMost: 1.5 },
    why: 'by a trace of one kill, a third of it is the message there and back with its checks, a quarter the way to a thread and back, three tenths what that thread asks of the system, some 35 calls of 20 µs each (what protects others, the target, its stop, its children and sockets, the signals), and a tenth its end.',
  };
}

/** The one that starts a thread and compiles everything. */
async function measureFirst(subject: Subject, rounds: number): Promise<Measured> {
  const times: number[] = [];
  const own: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const sidecar = await startSidecar(subject);
    times.push(await endBySidecar(sidecar, await startVictim(['sleep', '100'], false)));
    await sidecar.end();
    own.push(await endByParent(await startVictim(['sleep', '100'], false)));
  }
  const [ours, theirs] = [median(times), median(own)];
  return {
    what: 'the first `process/kill` of a sidecar, of `sleep`, against its own exit as its parent sees it',
    ours: milliseconds(ours),
    peer: milliseconds(theirs),
    value: ours / theirs,
    unit: '×',
    bound: null,
  };
}

interface Victim {
  child: ReturnType<typeof spawn>;
  pid: number;
  ended: Promise<unknown>;
}

async function startVictim([command, ...args]: string[], announces: boolean): Promise<Victim> {
  const child = spawn(command as string, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  if (announces && child.stdout) await once(child.stdout, 'data');
  const pid = child.pid as number;
  await untilAsleep(pid);
  return { child, pid, ended };
}

/** A target has begun long before it is killed: in its loader it would end sooner, but only for who is sooner. */
async function untilAsleep(pid: number): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, 1));
  while (!/\) S /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')));
}

function endByParent({ child, ended }: Victim): Promise<number> {
  return timed(() => {
    child.kill('SIGTERM');
    return ended;
  });
}

async function endBySidecar(sidecar: Peer, { pid, ended }: Victim): Promise<number> {
  const spent = await timed(async () => {
    const { outcomes } = (await sidecar.call('process/kill', { target: { kind: 'process', pid } })) as { outcomes: { outcome: string }[] };
    if (outcomes.some(({ outcome }) => outcome !== 'exited')) throw new Error(`It was not ended: ${JSON.stringify(outcomes)}`);
  });
  await ended;
  return spent;
}

/** Each measures itself, its start left out; ours is measured with the pipe in between. */
async function measureRivals(sidecar: Peer, rounds: number): Promise<Measured[]> {
  using packages = installPackages(['fkill', 'tree-kill']);
  const psutil = findPsutil();
  await using fkill =
    packages && (await startLineProgram([process.execPath, fileHere('./peers/npmKillers.mjs'), packages.directory, 'fkill']));
  await using treeKill =
    packages && (await startLineProgram([process.execPath, fileHere('./peers/npmKillers.mjs'), packages.directory, 'tree-kill']));
  await using python = psutil && (await startLineProgram([psutil.python, fileHere('./peers/terminate.py')]));
  const unreachable = 'npm could not install it';
  const rivals = [
    { name: '`fkill`', program: fkill, missing: unreachable },
    { name: '`tree-kill`, which waits for nobody', program: treeKill, missing: unreachable },
    { name: 'psutil’s `terminate` and `wait_procs`', program: python, missing: 'no Python with psutil; SIDEWARDEN_PYTHON may name one' },
  ];
  const figures: Measured[] = [];
  for (const { name, program, missing } of rivals) {
    const what = `\`process/kill\` of \`sleep\` with its tree, against ${name}`;
    figures.push(program === null ? { what, missing } : await againstRival(sidecar, rounds, what, program));
  }
  return figures;
}

async function againstRival(sidecar: Peer, rounds: number, what: string, program: LineProgram): Promise<Measured> {
  const victim = () => startVictim(['sleep', '100'], false);
  const rival: Measure = async () => {
    const { pid, ended } = await victim();
    const spent = Number((await program.next(String(pid))).split(' ')[0]);
    await ended;
    return spent;
  };
  const { medians, ratios } = await compare(rounds, [async () => endBySidecar(sidecar, await victim()), rival]);
  const [ours, theirs] = medians as [number, number];
  return { what, ours: milliseconds(ours), peer: milliseconds(theirs), value: ratios[1] as number, unit: '×', bound: { atMost: 1 } };
}

async function measureTree(sidecar: Peer, rounds: number): Promise<Measured> {
  const what = '`process/kill` of a tree of 200, against `kill -9 -PGID` and the reaping of the same tree';
  const python = findPython();
  if (python === null) return { what, missing: 'no Python' };
  await using lender = await startLineProgram([python, fileHere('./peers/growTree.py'), 'lend']);
  await using peer = await startLineProgram([python, fileHere('./peers/growTree.py'), 'kill']);
  const { medians, ratios } = await compare(rounds, [
    async () => {
      const pid = Number(await lender.next());
      return timed(async () => {
        const { outcomes } = (await sidecar.call('process/kill', { target: { kind: 'process', pid } })) as { outcomes: unknown[] };
        if (outcomes.length !== 200) throw new Error(`${outcomes.length} processes were ended, and not 200.`);
      });
    },
    async () => Number(await peer.next()),
  ]);
  const [ours, theirs] = medians as [number, number];
  return {
    what,
    ours: milliseconds(ours),
    peer: milliseconds(theirs),
    value: ratios[1] as number,
    unit: '×',
    bound: { atMost: 3 },
    why: treeCost,
  };
}

/** Into a directory of their own, gone afterwards: what we are compared with is no dependency of ours. Null where npm cannot. */
function installPackages(names: string[]): ({ directory: string } & Disposable) | null {
  const directory = mkdtempSync(join(tmpdir(), 'sidewarden-peers-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', directory, ...names];
  const { status } = spawnSync('npm', args, { stdio: 'ignore', timeout: 60_000, cwd: directory });
  if (status === 0) return { directory, [Symbol.dispose]: remove };
  remove();
  return null;
}
