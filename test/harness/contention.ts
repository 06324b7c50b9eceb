import { makeMeetingPlace } from './instances.ts';
import { pythonProgram, spawnProgram } from './processes.ts';

/*
 * Many that want one lock, over and over: sidecars that are asked for it, and programs that know nothing but flock(2). Whoever
 * has it is killed, and another takes its place. A second holder would say so before the first was killed.
 */

export interface Contention {
  sidecars: number;
  /** Programs that want the lock alone. */
  programs: number;
  rounds: number;
  onRound?(round: Round): void;
}

export interface Round {
  winner: 'sidecar' | 'program';
  /** From the end of the last holder to word of the next. */
  afterMs: number;
}

interface Contender extends AsyncDisposable {
  kind: Round['winner'];
  /** Resolves when it has the lock: by its own clock, where it tells that, in ms. */
  won: Promise<number | null>;
  kill(): Promise<void>;
}

/** Throws when two have it at once. */
export async function contend({ sidecars, programs, rounds, onRound }: Contention): Promise<Round[]> {
  await using place = await makeMeetingPlace('sidewarden.contention');
  await using contenders = new AsyncDisposableStack();
  const wins: { contender: Contender; atMs: number }[] = [];
  let tell = Promise.withResolvers<void>();
  let failed: unknown = null;

  const enter = async (kind: Round['winner']) => {
    const contender = contenders.use(kind === 'sidecar' ? await startAsking(place) : await startLocking(place.lockFile));
    contender.won.then(
      (toldMs) => {
        wins.push({ contender, atMs: toldMs ?? performance.now() });
        tell.resolve();
      },
      (error: unknown) => {
        failed = error;
        tell.resolve();
      },
    );
  };
  await Promise.all(Array.from({ length: sidecars }, () => enter('sidecar')));
  await Promise.all(Array.from({ length: programs }, () => enter('program')));

  const played: Round[] = [];
  let killedAtMs = 0;
  while (played.length < rounds) {
    await tell.promise;
    // Long enough for a second one to be seen.
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 100));
    if (failed !== null) throw failed;
    if (wins.length !== 1) throw new Error(`round ${played.length + 1}: ${wins.length} have the lock: ${wins.map(nameOf).join(', ')}`);
    const [{ contender, atMs }] = wins.splice(0) as [(typeof wins)[number]];
    // What it told by its own clock cannot be late.
    if (atMs < killedAtMs) throw new Error(`round ${played.length + 1}: it was held before the last holder was killed`);
    const round = { winner: contender.kind, afterMs: atMs - killedAtMs };
    played.push(round);
    onRound?.(round);
    tell = Promise.withResolvers();
    killedAtMs = performance.now();
    await contender.kill();
    await enter(contender.kind);
  }
  return played;
}

const nameOf = ({ contender, atMs }: { contender: Contender; atMs: number }) => `${contender.kind} at ${Math.round(atMs)} ms`;

type Place = Awaited<ReturnType<typeof makeMeetingPlace>>;

async function startAsking(place: Place): Promise<Contender> {
  const sidecar = await place.start();
  let isKilled = false;
  const won = sidecar.request('instance/acquire', place.here({ waitMs: 3_600_000 }), 'lock', 3_600_000).then(
    ({ result, error }) => {
      if ((result as { acquired?: boolean } | undefined)?.acquired !== true) throw new Error(JSON.stringify(error ?? result));
      return null;
    },
    (error: unknown) => {
      if (isKilled) return new Promise<null>(() => {});
      throw error;
    },
  );
  const kill = async () => {
    isKilled = true;
    sidecar.child.kill('SIGKILL');
    await sidecar.exited;
  };
  return { kind: 'sidecar', won, kill, [Symbol.asyncDispose]: kill };
}

async function startLocking(lockFile: string): Promise<Contender> {
  const program = await spawnProgram(pythonProgram('contendForLock', lockFile));
  let isKilled = false;
  const won = program.line().then(
    // CLOCK_MONOTONIC is what performance.now() counts as well, from another beginning.
    (line) => Number(line.split(' ')[1]) / 1e6 - monotonicOriginMs,
    (error: unknown) => {
      if (isKilled) return new Promise<null>(() => {});
      throw error;
    },
  );
  const kill = () => {
    isKilled = true;
    return program.kill();
  };
  return { kind: 'program', won, kill, [Symbol.asyncDispose]: kill };
}

const monotonicOriginMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
