import { type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeDirectory } from '../harness/directory.ts';
import { killWithGuards } from '../harness/guard.ts';
import { withKoffi, withPython } from '../harness/only.ts';
import { hasNative, sidewardenCommand } from '../harness/sidecar.ts';
import { openTerminal } from '../harness/terminal.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

/* `sidewarden run -- COMMAND`: it has our descriptors and our terminal, and nothing of it is left behind. */

const command = (...args: string[]) => [...sidewardenCommand(), 'run', ...args];

describe('a command without a terminal', () => {
  test.each([
    ['its own', ['--', 'sh', '-c', 'exit 7'], 7],
    ['128 + n where a signal ended it', ['--', 'sh', '-c', 'kill -TERM $$'], 143],
    ['127 where there is no such command', ['no-such-command'], 127],
    ['126 where it may not be run', ['--', '/etc/passwd'], 126],
    ['125 where nothing was asked for', [], 125],
    ['125 for an unknown option', ['--gracefully', '--', 'true'], 125],
  ] as const)('the exit code is %s', (_, args, status) => {
    const done = run([...args]);
    expect(done).toMatchObject({ status, stdout: '' });
    expect(done.stderr).toMatch(status < 125 || status > 127 ? /^$/ : /^sidewarden: [^\n]+\.\n$/);
  });

  test('it has our input, our output and our environment, as they are', () => {
    const script = 'cat; echo "$0 $1 $NODE_OPTIONS" >&2';
    const options = { input: 'from the pipe', env: { ...process.env, NODE_OPTIONS: '--no-warnings' } };
    expect(run(['--', 'sh', '-c', script, 'zero', '$one "two"'], options)).toMatchObject({
      status: 0,
      stdout: 'from the pipe',
      stderr: 'zero $one "two" --no-warnings\n',
    });
  });

  test('what it leaves in the background ends with it, also what does not want to', async () => {
    const stubborn = `trap '' TERM HUP INT; echo $$; exec sleep 300`;
    const done = run([
      '--grace',
      '300',
      '--',
      'sh',
      '-c',
      `setsid sh -c "${stubborn.replace('$$', '\\$\\$')}" & sleep 300 & echo $!; sleep 0.5; exit 3`,
    ]);
    expect(done.status).toBe(3);
    const pids = done.stdout.trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s ends it by the same signal', async (signal) => {
    await using running = await start(['--grace', '300', '--', 'sh', '-c', 'sleep 300 & echo $!; wait']);
    const other = Number(await running.line());
    running.child.kill(signal);
    expect(await running.exited()).toEqual([128 + { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 }[signal], null]);
    expect(isAlive(other)).toBe(false);
  });

  test('whoever is deaf is killed when the grace is over, and at once when it is asked again', async () => {
    const deaf = `trap 'echo deaf' TERM; echo ready; while :; do sleep 0.05; done`;
    await using patient = await start(['--grace', '200', '--', 'sh', '-c', deaf]);
    await patient.line();
    patient.child.kill('SIGTERM');
    expect(await patient.exited()).toEqual([137, null]);
    await using hasty = await start(['--grace', '600000', '--', 'sh', '-c', deaf]);
    await hasty.line();
    hasty.child.kill('SIGTERM');
    expect(await hasty.line()).toBe('deaf');
    hasty.child.kill('SIGTERM');
    expect(await hasty.exited()).toEqual([137, null]);
  });

  test('other signals are passed on', async () => {
    await using running = await start([
      '--',
      'sh',
      '-c',
      `trap 'echo one' USR1; trap 'echo quit; exit 4' QUIT; echo ready; while :; do sleep 0.05; done`,
    ]);
    await running.line();
    running.child.kill('SIGUSR1');
    expect(await running.line()).toBe('one');
    running.child.kill('SIGQUIT');
    expect(await running.line()).toBe('quit');
    expect(await running.exited()).toEqual([4, null]);
  });

  test('it ends when we are killed; and when our guard and its deputy are killed as well, with the next run', async () => {
    await using directory = await makeDirectory();
    const args = ['--state-dir', directory.at('state'), '--grace', '200', '--', 'sh', '-c', 'setsid sleep 300 & echo $!; wait'];
    await using first = await start(args);
    const one = Number(await first.line());
    first.child.kill('SIGKILL');
    await until(() => !isAlive(one), 'the work of the guard');
    await using second = await start(args);
    const two = Number(await second.line());
    await killWithGuards({ pid: second.child.pid as number, child: second.child, exited: second.exited() });
    expect(isAlive(two)).toBe(true);
    expect(run(['--state-dir', directory.at('state'), '--', 'true']).status).toBe(0);
    await until(() => !isAlive(two), 'the work of the next run');
  });
});

withPython(describe)('a command at a terminal', () => {
  test('an interactive shell has it to itself: Ctrl-C reaches what it runs and leaves it alone', async () => {
    await using terminal = await openTerminal(command('--', 'sh', '-i'));
    await terminal.sees('$ ');
    terminal.type('sleep 300\n');
    await terminal.sees('sleep 300');
    await until(() => findCommand('sleep\u0000300\u0000', terminal.pid), 'the sleep');
    terminal.type('\x03');
    await terminal.sees('$ ');
    terminal.type('echo "it was $?"\n');
    await terminal.sees('it was 130');
    terminal.type('exit 9\n');
    expect(await terminal.ended()).toMatchObject({ exit: 9 });
  });

  test('Ctrl-C reaches it once, and us not at all', async () => {
    await using terminal = await openTerminal(
      command(
        '--grace',
        '100',
        '--',
        process.execPath,
        '-e',
        `let n = 0; process.on('SIGINT', () => console.log('interrupt ' + ++n)); console.log('ready'); setInterval(() => {}, 1000); process.stdin.on('data', () => process.exit(20 + n))`,
      ),
    );
    await terminal.sees('ready');
    terminal.type('\x03');
    await terminal.sees('interrupt 1');
    terminal.type('\x03');
    await terminal.sees('interrupt 2');
    terminal.type('\n');
    expect(await terminal.ended()).toMatchObject({ exit: 22 });
  });

  test('what is killed by Ctrl-C is 130, and nothing of it is left', async () => {
    await using terminal = await openTerminal(
      command('--grace', '200', '--', 'sh', '-c', 'setsid sleep 300 & echo "in the background: $!."; exec sleep 300'),
    );
    await terminal.sees('background: ');
    await terminal.sees('.');
    const background = Number(/background: (\d+)/.exec(terminal.output())?.[1]);
    terminal.type('\x03');
    expect(await terminal.ended()).toMatchObject({ exit: 130 });
    expect(isAlive(background)).toBe(false);
  });

  withKoffi(test)('a signal to us ends it, also what the terminal could send', async () => {
    await using terminal = await openTerminal(command('--', 'sh', '-c', 'echo ready; exec sleep 300'));
    await terminal.sees('ready');
    process.kill(terminal.pid, 'SIGINT');
    expect(await terminal.ended()).toMatchObject({ exit: 130 });
  });

  test('its modes are as they were when it was killed, and as it left them when it was not', async () => {
    await using changed = await openTerminal(command('--', 'stty', '-echo'));
    // Node.js puts them back itself when it exits, and without native calls there is no way around that.
    expect(await changed.ended()).toEqual({ exit: 0, echo: !hasNative });
    await using killed = await openTerminal(command('--', 'sh', '-c', 'stty -echo; kill -KILL $$'));
    expect(await killed.ended()).toEqual({ exit: 137, echo: true });
  });

  test('it hears of a new size of the window', async () => {
    await using terminal = await openTerminal(
      command('--', 'sh', '-c', `trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done`),
    );
    await terminal.sees('ready');
    terminal.resize(33, 77);
    await terminal.sees('33 77');
    expect(await terminal.ended()).toMatchObject({ exit: 0 });
  });

  test('a terminal that is closed ends all of it', async () => {
    await using terminal = await openTerminal(
      command(
        '--grace',
        '200',
        '--',
        'sh',
        '-c',
        `setsid sh -c "trap '' HUP TERM; exec sleep 300" & echo "pids: $$ $!."; trap '' HUP; wait`,
      ),
    );
    await terminal.sees('pids: ');
    await terminal.sees('.');
    const pids = (/pids: (\d+) (\d+)\./.exec(terminal.output()) ?? []).slice(1).map(Number);
    terminal.hangUp();
    await terminal.ended();
    await until(() => !pids.some(isAlive), 'the end of all');
    expect(pids).toHaveLength(2);
  });

  test('a shell stops it with Ctrl-Z, continues it behind and in front, and has the terminal meanwhile', async () => {
    await using terminal = await openTerminal(['sh', '-i']);
    await terminal.sees('$ ');
    terminal.type(`${shellWords(command('--', 'cat'))}\n`);
    await terminal.sees('cat');
    terminal.type('one\n');
    await terminal.sees('one\r\none');
    terminal.type('\x1a');
    await terminal.sees('$ ');
    terminal.type('jobs; echo "that is $((6 * 7))"\n');
    await terminal.sees('Stopped');
    await terminal.sees('that is 42');
    terminal.type('fg\n');
    await terminal.sees('cat');
    terminal.type('two\n');
    await terminal.sees('two\r\ntwo');
    terminal.type('\x1a');
    await terminal.sees('$ ');
    // In the background, it stops by itself when it reads.
    terminal.type('bg; sleep 1; jobs; echo "that is $((2 * 21))"\n');
    await terminal.sees('Stopped');
    await terminal.sees('that is 42');
    terminal.type('fg\n');
    await terminal.sees('cat');
    terminal.type('three\n');
    await terminal.sees('three\r\nthree');
    terminal.type('\x04');
    await terminal.sees('$ ');
    terminal.type('echo "it was $?"; exit\n');
    await terminal.sees('it was 0');
    await terminal.ended();
  });

  test('in a pipeline it stays with the others: one Ctrl-C ends all of them', async () => {
    await using terminal = await openTerminal(['sh', '-i']);
    await terminal.sees('$ ');
    terminal.type(`${shellWords(command('--', 'sh', '-c', 'echo up; exec sleep 300'))} | cat\n`);
    await terminal.sees('\nup');
    terminal.type('\x03');
    await terminal.sees('$ ');
    terminal.type(`echo in | ${shellWords(command('--', 'cat'))} | tr a-z A-Z; exit\n`);
    await terminal.sees('IN');
    await terminal.ended();
  });
});

function run(args: string[], options: SpawnSyncOptions = {}) {
  const [file, ...rest] = command(...args) as [string, ...string[]];
  return spawnSync(file, rest, { encoding: 'utf8', timeout: 25_000, ...options }) as { status: number; stdout: string; stderr: string };
}

async function start(args: string[]) {
  const [file, ...rest] = command(...args) as [string, ...string[]];
  const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return {
    child,
    exited: () => exited,
    async line(): Promise<string> {
      const end = await until(() => 1 + text.indexOf('\n'), 'a line of the command', 20_000);
      const line = text.slice(0, end - 1);
      text = text.slice(end);
      return line;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Of the session that this process leads. */
function findCommand(commandLine: string, leader: number): number | null {
  const isIts = (pid: number) => readCommandLine(pid) === commandLine && sessionOf(pid) === leader;
  return (
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .find(isIts) ?? null
  );
}

const sessionOf = (pid: number) => Number(readOrEmpty(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[3]);
const readCommandLine = (pid: number) => readOrEmpty(`/proc/${pid}/cmdline`);

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const shellWords = (words: string[]) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
