import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceSpec } from '../../src/protocol/types/service.ts';
import type { Peer } from './client.ts';
import { type Measured, megabytes, milliseconds } from './figure.ts';
import { compare, median, timed } from './measure.ts';
import { cpuMs, residentBytes } from './procStatus.ts';
import { type Subject, startSidecar } from './sidecars.ts';

/* Services, side by side with pm2 and supervisord: all of them start what writes one byte into a file when it runs. */

const many = 100;

export interface ServiceRounds {
  starts: number;
  crashes: number;
  idleMs: number;
  most: number;
}

type Section = (subject: Subject, rounds: ServiceRounds) => Promise<Measured[]>;

export const serviceSections: Record<string, Section> = {
  serviceBoot: (subject, { starts }) => measureBoot(subject, starts),
  serviceMemory: (subject) => measureMemory(subject),
  serviceRestart: async (subject, { crashes }) => [await measureRestart(subject, crashes)],
  serviceProbes: async (subject, { idleMs }) => [await measureProbing(subject, idleMs)],
  serviceBlocking: (subject, { starts }) => measureBlocking(subject, starts),
  serviceMost: async (subject, { most }) => [await measureMost(subject, most)],
};

/** What runs, and what it has said. */
interface Field extends Disposable {
  /** One that writes its byte, and then, if that is wanted, so much to its output; and stays. */
  args(outputBytes?: number): string[];
  /** Resolves when so many have written since the last `clear`. */
  written(count: number): Promise<void>;
  clear(): void;
  at(name: string): string;
}

function openField(): Field {
  const directory = mkdtempSync(join(tmpdir(), 'sidewarden-bench-'));
  const file = join(directory, 'written');
  const clear = () => writeFileSync(file, '');
  clear();
  return {
    args: (outputBytes = 0) => [
      '-c',
      `printf . >> ${file}; ${outputBytes > 0 ? `yes ${'x'.repeat(99)} | head -c ${outputBytes};` : ''} exec sleep 3600`,
    ],
    written: (count) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (statSync(file).size >= count) end(resolve);
        };
        // Told by the kernel: whoever asks again and again takes one of two processors from what is measured.
        const changes = watch(file, look);
        // For a change right before that.
        const again = setInterval(look, 50);
        const late = setTimeout(
          () => end(() => reject(new Error(`${statSync(file).size} of ${count} have written within two minutes`))),
          120_000,
        );
        look();

        function end(settle: () => void): void {
          changes.close();
          clearInterval(again);
          clearTimeout(late);
          settle();
        }
      }),
    clear,
    at: (name) => join(directory, name),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Something that runs services. `bytes` is its resident memory, without that of the services. */
interface Supervisor {
  pid: number;
  end(): Promise<void>;
}

type Boot = (field: Field, outputBytes: number) => Promise<Supervisor>;

interface Rival {
  name: string;
  boot: Boot | null;
  missing: string;
}

const specOf = (name: string, args: string[], more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name,
  command: '/bin/sh',
  args,
  ...more,
});
const names = (count: number) => Array.from({ length: count }, (_, index) => `service-${index}`);

function bootSidewarden(subject: Subject): Boot {
  return async (field, outputBytes) => {
    const sidecar = await startSidecar(subject);
    await sidecar.call('service/apply', { services: names(many).map((name) => specOf(name, field.args(outputBytes))) });
    return { pid: sidecar.pid, end: () => sidecar.end() };
  };
}

/** A package that is no dependency of ours: SIDEWARDEN_PM2 names its directory. */
function pm2(): Rival {
  const directory = process.env['SIDEWARDEN_PM2'];
  const missing = 'no pm2; SIDEWARDEN_PM2 may name the directory of that package';
  if (directory === undefined) return { name: 'pm2', boot: null, missing };
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string };
  const bin = join(directory, 'bin', 'pm2');
  return {
    name: `pm2 ${version}`,
    missing,
    async boot(field, outputBytes) {
      const env = { ...process.env, PM2_HOME: field.at('pm2') };
      const apps = names(many).map((name) => ({ name, script: '/bin/sh', args: field.args(outputBytes), interpreter: 'none' }));
      const file = field.at('pm2.config.json');
      writeFileSync(file, JSON.stringify({ apps }));
      await run(process.execPath, [bin, 'start', file], env);
      return {
        pid: Number(readFileSync(field.at('pm2/pm2.pid'), 'utf8')),
        end: () => run(process.execPath, [bin, 'kill'], env),
      };
    },
  };
}

function supervisord(): Rival {
  const python = '/usr/bin/python3';
  const bin = '/usr/bin/supervisord';
  const version = existsSync(bin) ? spawnSync(python, [bin, '--version'], { encoding: 'utf8' }).stdout.trim() : null;
  return {
    name: `supervisord ${version}`,
    missing: 'no /usr/bin/supervisord',
    boot:
      version === null
        ? null
        : async (field, outputBytes) => {
            const programs = names(many).map((name) => {
              // It has escapes of its own: a percent sign, and quotes as in a shell.
              const script = (field.args(outputBytes)[1] as string).replaceAll('%', '%%');
              return `[program:${name}]\ncommand=/bin/sh -c "${script}"\nstartsecs=0\nautostart=true\nstdout_logfile=${field.at(`${name}.log`)}\nstderr_logfile=NONE\n`;
            });
            const head = `[supervisord]\nnodaemon=true\nlogfile=${field.at('supervisord.log')}\npidfile=${field.at('supervisord.pid')}\n`;
            writeFileSync(field.at('supervisord.conf'), `${head}\n${programs.join('\n')}`);
            const child = spawn(python, [bin, '-n', '-c', field.at('supervisord.conf')], { stdio: 'ignore' });
            const exited = once(child, 'exit');
            return {
              pid: child.pid as number,
              async end() {
                child.kill('SIGTERM');
                await exited;
              },
            };
          },
  };
}

async function run(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const [code] = await once(spawn(command, args, { env, stdio: 'ignore' }), 'exit');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
}

/** From nothing to the byte of the last of 100. */
async function measureBoot(subject: Subject, rounds: number): Promise<Measured[]> {
  const ours = bootSidewarden(subject);
  const figures: Measured[] = [];
  for (const { name, boot, missing } of [supervisord(), pm2()]) {
    const what = `from nothing to the first write of the last of ${many} services, against ${name}`;
    if (boot === null) {
      figures.push({ what, missing });
      continue;
    }
    const { medians, ratios } = await compare(
      rounds,
      [ours, boot].map((one) => async () => {
        using field = openField();
        let supervisor: Supervisor | null = null;
        const ms = await timed(async () => {
          const booting = one(field, 0);
          await field.written(many);
          supervisor = await booting;
        });
        await (supervisor as Supervisor | null)?.end();
        return ms;
      }),
    );
    const [own = 0, theirs = 0] = medians;
    figures.push({
      what,
      ours: milliseconds(own),
      peer: milliseconds(theirs),
      value: ratios[1] as number,
      unit: '×',
      bound: { atMost: 0.5 },
      why: 'a third of it is the start of the sidecar itself; from then on both processors are busy until the last write, half of it with the three programs that each service is on its way: the shell into the cgroup, its own, sleep.',
    });
  }
  return figures;
}

/** With 100 services, each of which has filled its ring of 64 KiB. */
async function measureMemory(subject: Subject): Promise<Measured[]> {
  const { name, boot, missing } = pm2();
  const what = `resident memory with ${many} services and full rings of 64 KiB, against ${name}`;
  if (boot === null) return [{ what, missing }];
  const [own, theirs] = [await residentOf(bootSidewarden(subject)), await residentOf(boot)];
  return [{ what, ours: megabytes(own), peer: megabytes(theirs), value: own / theirs, unit: '×', bound: { atMost: 1.2 } }];
}

async function residentOf(boot: Boot): Promise<number> {
  using field = openField();
  const { pid, end } = await boot(field, 128 * 1024);
  await field.written(many);
  await sleep(15_000);
  const bytes = residentBytes(pid);
  await end();
  return bytes;
}

/** From SIGKILL to the first write of what follows. */
async function measureRestart(subject: Subject, crashes: number): Promise<Measured> {
  using field = openField();
  const sidecar = await startSidecar(subject);
  const restart = { policy: 'always', backoffMs: 0, maxRestarts: -1 } as const;
  await sidecar.call('service/start', { spec: specOf('crashes', field.args(), { restart }), waitFor: 'running' });
  await field.written(1);
  const times: number[] = [];
  let pid = await pidOf(sidecar, null);
  for (let crash = 0; crash < crashes; crash += 1) {
    field.clear();
    times.push(
      await timed(() => {
        process.kill(pid, 'SIGKILL');
        return field.written(1);
      }),
    );
    pid = await pidOf(sidecar, pid);
    await sleep(50);
  }
  const bare = await measureBare(field, crashes);
  await sidecar.end();
  const own = median(times);
  return {
    what: 'from the SIGKILL of a service to the first write of its next start, backoff 0',
    ours: milliseconds(own),
    peer: `${milliseconds(bare)} from \`spawn\` to that write`,
    value: own,
    unit: 'ms',
    bound: { atMost: 5 },
    why: 'a millisecond passes until the kernel tells of the end, another until the pipes, the old cgroup, the directory and the program have been looked at; the rest is the shell that was parked, which reads its order, and its exec.',
  };
}

async function pidOf(sidecar: Peer, before: number | null): Promise<number> {
  for (;;) {
    const { service } = (await sidecar.call('service/get', { name: 'crashes' })) as { service: { process: { pid: number } | null } };
    if (service.process !== null && service.process.pid !== before) return service.process.pid;
    await sleep(2);
  }
}

/** What Node’s own spawn of the same takes. */
async function measureBare(field: Field, rounds: number): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    field.clear();
    let child: ReturnType<typeof spawn> | null = null;
    times.push(
      await timed(() => {
        child = spawn('/bin/sh', field.args(), { stdio: 'ignore' });
        return field.written(1);
      }),
    );
    (child as ReturnType<typeof spawn> | null)?.kill('SIGKILL');
  }
  return median(times);
}

/** A small listener, 100 times: what asking each of them once a second costs. */
async function measureProbing(subject: Subject, forMs: number): Promise<Measured> {
  const script =
    'my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ENV{PORT}, Listen => 9, ReuseAddr => 1) or die; while (my $c = $s->accept) { close $c }';
  const sidecar = await startSidecar(subject);
  const services = names(many).map((name) => ({
    name,
    command: 'perl',
    args: ['-MIO::Socket::INET', '-e', script],
    ports: [{ name: 'main', env: 'PORT' }],
    readiness: { kind: 'tcp' },
    // Ends nobody while 100 programs start on a busy machine.
    liveness: { kind: 'tcp', failureThreshold: 100 },
  }));
  await sidecar.call('service/apply', { services });
  const areReady = async () => {
    const { services: now } = (await sidecar.call('service/list', {})) as { services: { ready: boolean }[] };
    return now.every(({ ready }) => ready);
  };
  for (const deadline = performance.now() + 300_000; !(await areReady()); await sleep(200)) {
    if (performance.now() > deadline) throw new Error('not all of the probed services are ready within five minutes');
  }
  await sleep(3_000);
  const before = cpuMs(sidecar.pid);
  await sleep(forMs);
  const percent = (100 * (cpuMs(sidecar.pid) - before)) / forMs;
  await sidecar.end();
  return {
    what: `CPU while nothing happens with ${many} services that are probed by tcp once a second, of one core`,
    ours: `${percent.toFixed(1)} %`,
    peer: '',
    value: percent,
    unit: '%',
    bound: { atMost: 5 },
  };
}

/** How long the event loop keeps its timers waiting at most while 100 are started at once, by its own count, and how long a ping waits. */
async function measureBlocking(subject: Subject, rounds: number): Promise<Measured[]> {
  const worst: number[] = [];
  const quiet: number[] = [];
  const lags: number[] = [];
  const lagsBefore: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    using field = openField();
    const sidecar = await startSidecar(subject);
    // What is loaded with the first start is another figure.
    await sidecar.call('service/start', { spec: specOf('first', field.args()) });
    await longestLag(sidecar);
    quiet.push(await longestPing(sidecar, sleep(1_000)));
    lagsBefore.push(await longestLag(sidecar));
    field.clear();
    const specs = names(many).map((name) => specOf(name, field.args()));
    worst.push(await longestPing(sidecar, Promise.all([sidecar.call('service/apply', { services: specs }), field.written(many)])));
    lags.push(await longestLag(sidecar));
    await sidecar.end();
  }
  const [lag, lagBefore, own, before] = [lags, lagsBefore, worst, quiet].map(median) as [number, number, number, number];
  return [
    {
      what: `the longest that the event loop is held up while ${many} services are started at once, as \`metrics/get\` tells it`,
      ours: milliseconds(lag),
      peer: `${milliseconds(lagBefore)} before`,
      value: lag,
      unit: 'ms',
      bound: { atMost: 20 },
      why: 'one program is spawned in a turn, but that is one call, which waits until its child has had a processor for its exec; 100 shells that start at the same time want the same two cores.',
    },
    {
      what: `the longest wait of a \`sidecar/ping\` meanwhile`,
      ours: milliseconds(own),
      peer: `${milliseconds(before)} before`,
      value: own,
      unit: 'ms',
      bound: null,
    },
  ];
}

/** Since the last question. */
async function longestLag(sidecar: Peer): Promise<number> {
  const { openmetrics } = (await sidecar.call('metrics/get', {})) as { openmetrics: string };
  return 1_000 * Number(/event_loop_lag_seconds\{quantile="1"\} (\S+)/.exec(openmetrics)?.[1] ?? 0);
}

async function longestPing(sidecar: Peer, until: Promise<unknown>): Promise<number> {
  let isDone = false;
  void until.finally(() => {
    isDone = true;
  });
  let longest = 0;
  while (!isDone) longest = Math.max(longest, await timed(() => sidecar.call('sidecar/ping', {})));
  await until;
  return longest;
}

/** As many as it takes to be sure. */
async function measureMost(subject: Subject, most: number): Promise<Measured> {
  using field = openField();
  const sidecar = await startSidecar(subject);
  const startMs = await timed(async () => {
    await sidecar.call('service/apply', { services: names(most).map((name) => specOf(name, field.args())) });
    await field.written(most);
  });
  const count = async () => {
    const { services } = (await sidecar.call('service/list', {})) as { services: { state: string }[] };
    return services.filter(({ state }) => state === 'running').length;
  };
  // They write before the sidecar has seen who they are.
  for (const deadline = performance.now() + 60_000; (await count()) < most && performance.now() < deadline; ) await sleep(200);
  const running = await count();
  const memory = residentBytes(sidecar.pid);
  const endMs = await timed(() => sidecar.end());
  return {
    what: `${most} services at once: how many run`,
    ours: `${running}, started within ${milliseconds(startMs)}, ended within ${milliseconds(endMs)}, ${megabytes(memory)}`,
    peer: '',
    value: running,
    unit: '',
    bound: { atLeast: most },
  };
}
