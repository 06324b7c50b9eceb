import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { textWidth } from '../../clients/cli/text.ts';
import type { Result } from '../../src/protocol/methods/index.ts';
import { isLinux, needs, nobody } from '../harness/needs.ts';
import { asRoot, onLinux, only } from '../harness/only.ts';
import { bindUdp, findFreePort } from '../harness/ports.ts';
import { type Program, spawnProgram } from '../harness/processes.ts';
import { isAlive } from '../harness/watching.ts';
import { hasTerminal, openTerminal, runCli, runInBash, runOnTerminal } from './runCli.ts';

/*
 * kill and free as a person or a script meets them. Ports are ones that nobody held on any address: a kill by port means
 * every address, and a port that the system gave us on one may be a stranger’s on another.
 */

onLinux(describe)('without a terminal', () => {
  test('nobody is touched unless --yes says so, and it shows who it would be', async () => {
    await using server = await listener();
    const { code, stdout, stderr } = await runCli(['kill', String(server.port)]);
    expect(code).toBe(5);
    expect(stdout).toMatch(new RegExp(`^ *${server.pid} +\\S+.* 127\\.0\\.0\\.1 +would get SIGTERM, then SIGKILL  `, 'm'));
    expect(stderr).toMatch(/^sidewarden: Nothing was touched: there is no terminal on which to ask\. Say --yes /);
    expect(await server.signals()).toEqual([]);
  });

  test('--yes ends the holder, and answers when it is gone', async () => {
    await using server = await listener();
    const { code, stdout, stderr } = await runCli(['kill', String(server.port), '--yes']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^ *${server.pid} .* exited at SIGTERM after \\d+ ms  ${server.port} `, 'm'));
    expect(stdout).toMatch(new RegExp(`^TCP port ${server.port} is free\\.$`, 'm'));
    expect(isAlive(server.pid)).toBe(false);
  });

  test('--dry-run touches nobody, whatever else is said', async () => {
    await using server = await listener();
    const runs = await Promise.all([
      runCli(['kill', String(server.port), '--dry-run', '--yes']),
      runCli(['kill', '--pid', String(server.pid), '-n', '-y', '--signal', 'kill', '--grace', '0']),
      runCli(['free', String(server.port), '--dry-run', '--yes']),
    ]);
    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(3).fill({ code: 0, stderr: '' }));
    for (const { stdout } of runs) expect(stdout).toMatch(new RegExp(`^ *${server.pid} .* would get SIG(TERM|KILL)`, 'm'));
    expect(await server.signals()).toEqual([]);
  });

  test('--json is what the wire had, of a dry run where nobody was touched', async () => {
    await using server = await listener();
    const refused = await runCli(['kill', String(server.port), '--json']);
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringMatching(/with --json nobody is asked/) });
    const planned = JSON.parse(refused.stdout) as Result<'port/kill'>;
    expect(planned).toMatchObject({ freed: false, cause: 'heldByOther', planId: expect.any(String) });
    expect(planned.outcomes.map(({ outcome, process: { pid } }) => [outcome, pid])).toEqual([['planned', server.pid]]);
    expect(await server.signals()).toEqual([]);

    const done = await runCli(['kill', String(server.port), '--json', '--yes']);
    expect(done.code).toBe(0);
    const outcome = { outcome: 'exited', signal: 'SIGTERM', rung: 'signal', freedPorts: [server.port] };
    expect(JSON.parse(done.stdout)).toMatchObject({ freed: true, cause: null, outcomes: [{ ...outcome, process: { pid: server.pid } }] });
  });

  test('nobody there ends with 1', async () => {
    const port = await findFreePort();
    const [byPort, json, byPid] = await Promise.all([
      runCli(['kill', String(port), '--yes']),
      runCli(['kill', String(port), '--json']),
      runCli(['kill', '--pid', '4194305', '--yes']),
    ]);
    expect(byPort).toMatchObject({ code: 1, stdout: expect.stringMatching(`^Nobody holds TCP port ${port}\\. .*kill --pid ${port}\n$`) });
    expect({ code: json.code, ...JSON.parse(json.stdout) }).toMatchObject({ code: 1, freed: true, cause: null, outcomes: [] });
    expect(byPid).toEqual({ code: 1, stdout: '4194305: No process has this pid.\n', stderr: '' });
  });

  test('somebody who is left ends with 6, and says why', async () => {
    await using stubborn = await listener({ ignores: 'SIGTERM' });
    const { code, stdout } = await runCli(['kill', String(stubborn.port), '--yes', '--grace', '50', '--no-force']);
    expect(code).toBe(6);
    expect(stdout).toMatch(/ survived \d+ ms /);
    expect(stdout).toMatch(new RegExp(`^${stubborn.pid}: It did not end within 50 ms, and force was not wanted\\.$`, 'm'));
    expect(stdout).toMatch(/ is still held\.$/m);
    expect(await stubborn.signals()).toEqual(['SIGTERM']);

    const forced = await runCli(['kill', String(stubborn.port), '--yes', '--grace', '50']);
    expect(forced).toMatchObject({ code: 0, stdout: expect.stringMatching(/ killed after \d+ ms /) });
  });

  test('the signal is the one that was asked for', async () => {
    await using server = await listener({ ignores: 'SIGUSR2' });
    expect((await runCli(['kill', String(server.port), '--yes', '--signal', 'usr2', '--grace', '50', '--no-force'])).code).toBe(6);
    expect(await server.signals()).toEqual(['SIGUSR2']);
  });

  test('a pid is ended with its descendants, or alone', async () => {
    const family = ['bash', '-c', 'sleep 60 & echo $!; read _'];
    await using whole = await spawnProgram(family);
    expect((await runCli(['kill', '--pid', String(whole.pid), '--yes'])).code).toBe(0);
    expect([whole.pid, Number(whole.ready)].filter(isAlive)).toEqual([]);

    await using alone = await spawnProgram(family);
    const child = Number(alone.ready);
    try {
      expect((await runCli(['kill', '--pid', String(alone.pid), '--yes', '--no-tree'])).code).toBe(0);
      expect([alone.pid, child].filter(isAlive)).toEqual([child]);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  test('what is protected is shown with its reason, and left alone', async () => {
    const { stdout } = await runInBash('sidewarden kill --pid $$ --no-tree --yes; echo "code $?, still here"');
    expect(stdout).toMatch(/^ *\d+ {2}bash {2}protected {2}bash /m);
    expect(stdout).toMatch(/^\d+: bash \(pid \d+\) is the host of this sidecar, or one of its ancestors; it would end itself\.$/m);
    expect(stdout).toMatch(/^code 5, still here$/m);
  });

  test('an unexpected holder, or a UDP port that needs a name, touches nobody', async () => {
    await using server = await listener();
    const other = await runCli(['kill', String(server.port), '--yes', '--expect', 'somebody else']);
    expect(other).toMatchObject({ code: 5, stdout: expect.stringMatching(new RegExp(`^${server.pid}: unexpected: it is `, 'm')) });
    expect(await server.signals()).toEqual([]);

    await using socket = await bindUdp('127.0.0.1');
    const unnamed = await runCli(['kill', String(socket.port), '--udp', '--dry-run']);
    expect(unnamed).toMatchObject({ code: 5, stdout: expect.stringMatching(/: ambiguous: UDP port \d+ /) });
  });

  asRoot(test)('who may not be signalled ends with 6', async ({ skip }) => {
    needs.root(skip);
    await using server = await listener();
    const [byPid, byPort] = await Promise.all([
      runCli(['kill', '--pid', String(server.pid), '--yes'], { uid: nobody }),
      runCli(['kill', String(server.port), '--yes'], { uid: nobody }),
    ]);
    expect(byPid).toMatchObject({ code: 6, stdout: expect.stringMatching(/ denied /) });
    expect(byPort).toMatchObject({ code: 6, stdout: expect.stringMatching(/is held by somebody whom this user may not see; root may/) });
    expect(await server.signals()).toEqual([]);
  });
});

only(isLinux && hasTerminal, 'needs Linux and script(1) of util-linux')(describe)('on a terminal', () => {
  test('it shows, asks, and after a yes ends exactly those', async () => {
    await using server = await listener({ ignores: 'SIGTERM' });
    await using terminal = openTerminal(['kill', String(server.port), '--grace', '100'], 120);
    const shown = await terminal.shows(/End it\? \[y\/N\] $/);
    expect(stripVTControlCharacters(shown)).toMatch(new RegExp(`^ *${server.pid} .* would get SIGTERM, then SIGKILL  `, 'm'));
    expect(await server.signals()).toEqual([]);
    terminal.type('y\n');
    const { code, stdout } = await terminal.ended;
    const text = stripVTControlCharacters(stdout);
    expect(code).toBe(0);
    expect(text).toMatch(/^… SIGTERM to 1 process\n… SIGKILL to 1 process$/m);
    expect(text).toMatch(new RegExp(`^ *${server.pid} .* killed after \\d+ ms  ${server.port}`, 'm'));
    expect(isAlive(server.pid)).toBe(false);
  });

  test.for([
    ['an empty line', '\n'],
    ['anything else', 'sure, yes\n'],
    ['the end of input', '\u0004'],
  ] as const)('%s is a no', async ([, keys]) => {
    await using server = await listener();
    await using terminal = openTerminal(['kill', String(server.port)], 100);
    await terminal.shows(/\[y\/N\] $/);
    terminal.type(keys);
    expect(await terminal.ended).toMatchObject({ code: 5, stdout: expect.stringMatching(/Nothing was touched\.\n$/) });
    expect(await server.signals()).toEqual([]);
  });

  test('Ctrl-C at the question touches nobody', async () => {
    await using server = await listener();
    await using terminal = openTerminal(['kill', String(server.port)], 100);
    await terminal.shows(/\[y\/N\] $/);
    terminal.type('\u0003');
    expect((await terminal.ended).code).toBe(130);
    expect(await server.signals()).toEqual([]);
  });

  test('Ctrl-C afterwards stops before force, and tells what was done', async () => {
    await using server = await listener({ ignores: 'SIGTERM' });
    await using terminal = openTerminal(['kill', String(server.port), '--yes', '--grace', '60000'], 100);
    await terminal.shows(/SIGTERM to 1 process/);
    expect(await server.signal()).toBe('SIGTERM');
    terminal.type('\u0003');
    expect(await terminal.ended).toMatchObject({ code: 6, stdout: expect.stringMatching(/survived/) });
    expect(isAlive(server.pid)).toBe(true);
  });

  test.for(['</dev/null', `| cat; exit \${PIPESTATUS[0]}`])('half of one is none: %s', async (behind) => {
    await using server = await listener();
    await using terminal = openTerminal(['kill', String(server.port)], 100, behind);
    expect(await terminal.ended).toMatchObject({ code: 5, stdout: expect.stringMatching(/there is no terminal on which to ask/) });
    expect(await server.signals()).toEqual([]);
  });

  test('what is protected takes its own flag, and is asked about as what it is', async () => {
    // Nobody types there; what it reads before its input is how it says that it is ready.
    const scratch = mkdtempSync(join(tmpdir(), 'sidewarden-cli-'));
    writeFileSync(join(scratch, 'rc'), 'echo ready');
    await using shell = await spawnProgram(['bash', '--norc'], { env: { BASH_ENV: join(scratch, 'rc') } });
    rmSync(scratch, { recursive: true });
    await using terminal = openTerminal(['kill', '--pid', String(shell.pid), '--allow-protected'], 200);
    const shown = stripVTControlCharacters(await terminal.shows(/\[y\/N\] $/));
    expect(shown).toMatch(/^Protected, and yet it would be ended: .* is an interactive shell/m);
    terminal.type('n\n');
    expect((await terminal.ended).code).toBe(5);
    expect(isAlive(shell.pid)).toBe(true);
  });

  test.for([120, 30])('the plan fits %i columns, whatever a process calls itself', async (columns) => {
    const name = `require('fs').writeFileSync('/proc/self/comm', 'y\\u001b[2J\\n日本');`;
    await using server = await listener({
      also: name,
      args: ['\u001b]0;title\u0007', 'two\nlines', '\u009b31m', '\u202eright', '日'.repeat(80)],
    });
    const { code, stdout } = await runOnTerminal(['kill', String(server.port), '--dry-run'], columns);
    const text = stripVTControlCharacters(stdout).replaceAll('\r\n', '\n').trimEnd();
    expect(code).toBe(0);
    expect(text.split('\n').filter((line) => textWidth(line) > columns)).toEqual([]);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    if (columns === 120) expect(text).toContain('y\\x1b[2J\\n日本');
  });
});

onLinux(describe)('free', () => {
  test('a port that is free is free', async () => {
    const port = await findFreePort();
    const [text, json] = await Promise.all([runCli(['free', String(port)]), runCli(['free', String(port), '--json'])]);
    expect(text).toEqual({ code: 0, stdout: `TCP port ${port} is free.\n`, stderr: '' });
    expect({ code: json.code, ...JSON.parse(json.stdout) }).toMatchObject({
      code: 0,
      kill: { freed: true, outcomes: [] },
      ensureAvailable: null,
    });
  });

  test('its holder is ended after a yes, and not without one', async () => {
    await using server = await listener();
    expect(await runCli(['free', String(server.port)])).toMatchObject({ code: 5, stderr: expect.stringMatching(/Nothing was touched/) });
    expect(await server.signals()).toEqual([]);
    const { code, stdout } = await runCli(['free', String(server.port), '--yes']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^TCP port ${server.port} is free\\.$`, 'm'));
    expect(isAlive(server.pid)).toBe(false);
  });

  test('who still holds it is told, with 6', async () => {
    await using stubborn = await listener({ ignores: 'SIGTERM' });
    const args = ['free', String(stubborn.port), '--yes', '--grace', '50', '--no-force'];
    const [text, json] = [await runCli(args), await runCli([...args, '--json'])];
    expect(text).toMatchObject({
      code: 6,
      stdout: expect.stringMatching(new RegExp(`^ *${stubborn.port}  tcp +127\\.0\\.0\\.1 +${stubborn.pid} `, 'm')),
    });
    expect({ code: json.code, ...JSON.parse(json.stdout) }).toMatchObject({
      code: 6,
      kill: { freed: false, outcomes: [{ outcome: 'survived' }] },
      ensureAvailable: { available: false, outcomes: [], entries: [{ port: stubborn.port }] },
    });
  });
});

describe('a wrong command line ends with 2 and a sentence', () => {
  test.each([
    [['kill'], 'Which port? For instance: sidewarden kill 3000. See sidewarden kill --help.'],
    [['kill', '3000', '4000'], 'One port at a time. See sidewarden kill --help.'],
    [['kill', '3000', '--pid', '7'], 'Either a port or --pid: one of them at a time. See sidewarden kill --help.'],
    [['kill', '--pid', '0'], 'A pid is a positive number, not "0". See sidewarden kill --help.'],
    [['kill', '--pid', '7', '--udp'], '--udp and --expect belong to a port; a pid has neither. See sidewarden kill --help.'],
    [
      ['kill', '3000', '--signal', 'STOP'],
      '--signal takes one of SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGKILL, SIGUSR1, SIGUSR2, not "STOP". See sidewarden kill --help.',
    ],
    [['kill', '3000', '--grace', '5s'], '--grace is a number from 0 to 3600000, not "5s". See sidewarden kill --help.'],
    [['kill', '3000', '--yse'], "Unknown option '--yse'. See sidewarden kill --help."],
    [['free'], 'Which port? For instance: sidewarden free 3000. See sidewarden free --help.'],
    [['kil', '3000'], 'There is no command "kil". Did you mean "kill"? See sidewarden --help.'],
  ])('%j', async (args, sentence) => {
    expect(await runCli(args)).toEqual({ code: 2, stdout: '', stderr: `sidewarden: ${sentence}\n` });
  });
});

interface Listener extends Program {
  port: number;
  /** The next signal that it ignored. */
  signal(): Promise<string>;
  /** Every signal that it has got: it is asked, so that none can be on its way. */
  signals(): Promise<string[]>;
}

/** Holds a port that was free on every address, and ignores one signal or none; SIGTERM ends it otherwise. */
async function listener({ ignores = '', also = '', args = [] as string[] } = {}): Promise<Listener> {
  const code = `${also} const got = [];
    const note = (signal) => { got.push(signal); if (signal !== ${JSON.stringify(ignores)}) process.exit(); console.log(signal); };
    for (const signal of ['SIGTERM', 'SIGUSR2', 'SIGINT', 'SIGHUP']) process.on(signal, note);
    process.stdin.on('data', () => console.log(JSON.stringify(got))).on('end', () => process.exit());
    const server = require('node:net').createServer().listen(PORT, '127.0.0.1', () => console.log('ready'));`;
  const port = await findFreePort();
  const program = await spawnProgram([process.execPath, '-e', code.replace('PORT', String(port)), ...args]);
  return {
    ...program,
    port,
    signal: () => program.line(),
    async signals() {
      program.write('?\n');
      for (;;) {
        const line = await program.line();
        if (line.startsWith('[')) return JSON.parse(line) as string[];
      }
    },
  };
}

/** Whoever is a zombie has ended, even if nobody has collected it yet. */
