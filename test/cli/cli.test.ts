import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { textWidth } from '../../clients/cli/text.ts';
import type { Result } from '../../src/protocol/methods/index.ts';
import { isLinux, needs, nobody } from '../harness/needs.ts';
import { asRoot, onLinux } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { spawnProgram } from '../harness/processes.ts';
import { hasNative, root } from '../harness/sidecar.ts';
import { cliFile, hasTerminal, runCli, runInBash, runOnTerminal } from './runCli.ts';

/* The terminal tool as a real process, with a real sidecar behind it. */

const scratch = mkdtempSync(join(tmpdir(), 'sidewarden-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A file that Node loads before the sidecar (and before the terminal tool, where it does nothing). */
function beforeSidecar(name: string, code: string): Record<string, string> {
  const path = join(scratch, `${name}.cjs`);
  writeFileSync(path, `if (process.argv.includes('--stdio')) { ${code} }\n`);
  return { NODE_OPTIONS: `--require=${path}` };
}

describe('help', () => {
  test('is printed for --help, -h and help', async () => {
    const runs = await Promise.all([['--help'], ['-h'], ['help']].map((args) => runCli(args)));
    for (const { code, stdout, stderr } of runs) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^Usage$/m);
    }
    const documented = [...(runs[0]?.stdout ?? '').matchAll(/^ {2}(\d) {2}\S/gm)].map(([, code]) => code);
    expect(documented).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  });

  test('of a command is the same both ways', async () => {
    const [one, other] = await Promise.all([runCli(['port', '--help']), runCli(['help', 'port'])]);
    expect(one).toEqual(other);
    expect(one.stdout).toMatch(/^sidewarden port PORT /);
  });

  test('fits 120 columns', async () => {
    const { stdout } = await runCli(['--help']);
    expect(stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  test('comes without arguments on a terminal', async ({ skip }) => {
    skip(!hasTerminal, 'needs script(1) of util-linux, to have a terminal');
    const [bare, help] = await Promise.all([runOnTerminal([], 100), runCli(['--help'])]);
    expect(bare.code).toBe(0);
    expect(bare.stdout.replaceAll('\r\n', '\n')).toBe(help.stdout);
  });
});

test('--version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
  expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

describe('a wrong command line ends with 2, a sentence and nothing on stdout', () => {
  test.each([
    [['prots'], 'There is no command "prots". Did you mean "ports"? See sidewarden --help.'],
    [['--verison'], 'There is no option "--verison". Did you mean "--version"? See sidewarden --help.'],
    [['kubernetes'], 'There is no command "kubernetes". See sidewarden --help.'],
    [['help', 'nothing'], 'There is no command "nothing". See sidewarden --help.'],
    [['port'], 'Which port? For instance: sidewarden port 3000. See sidewarden port --help.'],
    [['port', '3000', '4000'], 'One port at a time. See sidewarden port --help.'],
    [['port', '0'], 'A port is a number from 1 to 65535, not "0". See sidewarden port --help.'],
    [['port', '65536'], 'A port is a number from 1 to 65535, not "65536". See sidewarden port --help.'],
    [['port', '80a'], 'A port is a number from 1 to 65535, not "80a". See sidewarden port --help.'],
    [['port', '3000', '--tcp', '--udp'], 'Either --tcp or --udp: a port is asked for in one of them. See sidewarden port --help.'],
    [['ports', '--jsn'], "Unknown option '--jsn'. See sidewarden ports --help."],
    [['ports', 'x'], "Unexpected argument 'x'. See sidewarden ports --help."],
    [['ps', '--tree', 'node'], 'A pid is a positive number, not "node". See sidewarden ps --help.'],
    [['ps', '--tree', '1', '--name', 'x'], 'Either --name or --tree: a tree is shown whole. See sidewarden ps --help.'],
    [['schema', '--format', 'xml'], '--format takes one of openrpc, jsonschema, markdown, not "xml". See sidewarden schema --help.'],
    [['\u001b[2Jx'], 'There is no command "\\x1b[2Jx". See sidewarden --help.'],
  ])('%j', async (args, sentence) => {
    expect(await runCli(args)).toEqual({ code: 2, stdout: '', stderr: `sidewarden: ${sentence}\n` });
  });
});

describe('schema', () => {
  test.each([
    ['openrpc', 'openrpc.json'],
    ['jsonschema', 'sidewarden.schema.json'],
    ['markdown', 'METHODS.md'],
  ])('%s is the published file', async (format, file) => {
    expect(await runCli(['schema', '--format', format])).toEqual({
      code: 0,
      stdout: readFileSync(`${root}clients/spec/${file}`, 'utf8'),
      stderr: '',
    });
  });

  test('an answer that cannot be written is no success', async ({ skip }) => {
    skip(!isLinux, 'needs /dev/full');
    const { code, stderr } = await runInBash('sidewarden schema > /dev/full');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^sidewarden: The answer could not be written: ENOSPC/);
  });
});

onLinux(describe)('ports and processes', () => {
  test('who holds a port', async () => {
    await using server = await listen({ port: 0, host: '127.0.0.1' });
    const { code, stdout, stderr } = await runCli(['port', String(server.port)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^TCP port ${server.port} is held by .*pid ${process.pid}\\)`));
    expect(stdout).toMatch(new RegExp(`^ *${server.port}  tcp    127\\.0\\.0\\.1  +${process.pid}  `, 'm'));
    expect(stdout).toMatch(/^What was seen\n {2}\S/m);
    expect(server.accepted()).toBe(0);
  });

  test('as JSON it is what the wire had', async () => {
    await using server = await listen({ port: 0, host: '127.0.0.1' });
    const { code, stdout } = await runCli(['port', String(server.port), '--json']);
    const { find, explain } = JSON.parse(stdout) as { find: Result<'port/find'>; explain: Result<'port/explain'> };
    expect(code).toBe(0);
    expect(find.entries.map(({ port, owners }) => ({ port, pids: owners.map(({ pid }) => pid) }))).toEqual([
      { port: server.port, pids: [process.pid] },
    ]);
    expect(explain.cause).toBe('listening');
  });

  test('a free port ends with 1, in JSON as well', async () => {
    const port = await findFreePort();
    const [text, json, udp] = await Promise.all([
      runCli(['port', String(port)]),
      runCli(['port', String(port), '--json']),
      runCli(['port', String(port), '--udp']),
    ]);
    expect([text.code, json.code, udp.code]).toEqual([1, 1, 1]);
    expect(text.stdout).toMatch(new RegExp(`^Port ${port} is free\\.\n`));
    expect(JSON.parse(json.stdout).find).toEqual({ inUse: false, entries: [] });
  });

  test('ports lists every page, and only the protocol that was asked for', async () => {
    await using server = await listen({ port: 0, host: '127.0.0.1' });
    const [tcp, udp] = await Promise.all([runCli(['ports', '--tcp', '--json']), runCli(['ports', '--udp', '--json'])]);
    const entries = (JSON.parse(tcp.stdout) as Result<'port/list'>).entries;
    expect(entries.find(({ port, address }) => port === server.port && address === '127.0.0.1')?.owners.map(({ pid }) => pid)).toEqual([
      process.pid,
    ]);
    expect(entries.filter(({ protocol }) => protocol !== 'tcp')).toEqual([]);
    expect((JSON.parse(udp.stdout) as Result<'port/list'>).entries.filter(({ protocol }) => protocol !== 'udp')).toEqual([]);
  });

  test('a process tree is indented', async () => {
    // The child has to be past its exec, and must not hold the pipes that the end of its parent is seen by.
    const script = 'sleep 60 >/dev/null 2>&1 & until grep -q sleep /proc/$!/comm; do :; done; echo ready; read _; kill $!; wait';
    await using parent = await spawnProgram(['bash', '-c', script]);
    const { code, stdout } = await runCli(['ps', '--tree', String(parent.pid)]);
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(1, 3)).toEqual([
      expect.stringMatching(new RegExp(`^ *${parent.pid} .* bash +bash -c sleep 60`)),
      expect.stringMatching(new RegExp(`^ *\\d+ +${parent.pid} .* {4}sleep +sleep 60$`)),
    ]);
    parent.write('\n');
  });

  test('processes by name; none ends with 1', async () => {
    const [some, none, gone] = await Promise.all([
      runCli(['ps', '--name', 'bash', '--json']),
      runCli(['ps', '--name', 'no such name']),
      runCli(['ps', '--tree', '4194305']),
    ]);
    expect((JSON.parse(some.stdout) as Result<'process/list'>).processes.filter(({ name }) => name !== 'bash')).toEqual([]);
    expect(none).toEqual({ code: 1, stdout: 'No process that this user may see has the name "no such name".\n', stderr: '' });
    expect(gone).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^sidewarden: No process has pid 4194305/) });
  });

  test('what a process calls itself cannot steer the terminal', async () => {
    const code = `require('fs').writeFileSync('/proc/self/comm', 'a\\u001b[2J\\nb)');
      require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port); }); process.stdin.resume();`;
    await using evil = await spawnProgram([process.execPath, '-e', code, '\u001b]0;title\u0007', 'two\nlines', '\u009b31m', '\u202eright']);
    const [table, tree, json] = await Promise.all([
      runCli(['port', evil.ready]),
      runCli(['ps', '--tree', String(evil.pid)]),
      runCli(['port', evil.ready, '--json']),
    ]);
    for (const { stdout } of [table, tree, json]) expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    for (const { stdout } of [table, tree]) {
      expect(stdout).toContain('a\\x1b[2J\\nb)');
      expect(stdout).toContain('\\x1b]0;title\\x07 two\\nlines \\x9b31m \\u{202e}right');
    }
    const { find } = JSON.parse(json.stdout) as { find: Result<'port/find'> };
    expect(find.entries[0]?.owners[0]).toMatchObject({ name: 'a\u001b[2J\nb)' });
    expect(find.entries[0]?.owners[0]?.commandLine?.slice(-3)).toEqual(['two\nlines', '\u009b31m', '\u202eright']);
  });

  asRoot(test)('a holder of another user is there, and hidden', async ({ skip }) => {
    needs.root(skip);
    await using server = await listen({ port: 0, host: '127.0.0.1' });
    const { code, stdout } = await runCli(['port', String(server.port)], { uid: nobody });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^ *${server.port}  tcp    127\\.0\\.0\\.1 +\\?  \\(hidden: other user\\) +\\? +\\?$`, 'm'));
  });
});

describe('doctor', () => {
  test('says what works here', async () => {
    const { code, stdout } = await runCli(['doctor']);
    expect(code).toBe(0);
    expect([...stdout.matchAll(/^[✔!] (\S+(?: \S+)*?) {2,}\S/gm)].map(([, title]) => title)).toEqual([
      'system',
      'Node.js',
      'native calls',
      'socket table',
      'port owners',
      'process handles',
      'cgroup',
      'lock directory',
    ]);
    expect(stdout).not.toContain('not told');
    expect(stdout).toMatch(hasNative && isLinux ? /^✔ native calls +yes$/m : /^! native calls +no$/m);
  });

  test('says why, and what follows, where native calls are off', async () => {
    const [text, json] = await Promise.all(
      ['', '--json'].map((flag) => runCli(['doctor', ...(flag ? [flag] : [])], { env: { SIDEWARDEN_NATIVE: 'off' } })),
    );
    expect(text?.stdout).toMatch(/^! native calls +no\n +Native calls are switched off\. Questions are answered all the same/m);
    expect((JSON.parse(json?.stdout ?? '') as Result<'initialize'>).capabilities.native).toBe(false);
  });
});

describe('when it cannot be done', () => {
  test('a system that cannot be asked ends with 3', async ({ skip }) => {
    skip(!isLinux, 'needs a system that can be taken for another one');
    const env = beforeSidecar('darwin', `Object.defineProperty(process, 'platform', { value: 'darwin' });`);
    const run = await runCli(['port', '3000'], { env });
    expect(run).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/^sidewarden: .*\/usr\/sbin\/netstat, and that is missing/),
    });
  });

  test('a sidecar that does not start ends with 4, and its last words are told', async () => {
    const run = await runCli(['ports'], {
      env: beforeSidecar('broken', `process.stderr.write('out of\\u001b[2J order'); process.exit(7);`),
    });
    expect(run).toEqual({
      code: 4,
      stdout: '',
      stderr: 'sidewarden: The sidecar has ended (exit code 7). Its last words: out of\\x1b[2J order\n',
    });
  });
});

describe('on a terminal, and not on one', () => {
  test('a reader that has enough ends it quietly', async ({ skip }) => {
    skip(!isLinux, 'needs bash');
    const { stdout, stderr } = await runInBash(
      `sidewarden schema | head -c 5 >/dev/null; echo "\${PIPESTATUS[0]}"; sidewarden ps | true; echo "\${PIPESTATUS[0]}"`,
    );
    expect({ stdout, stderr }).toEqual({ stdout: '0\n0\n', stderr: '' });
  });

  test('colour goes to terminals only, and not with NO_COLOR', async ({ skip }) => {
    skip(!hasTerminal, 'needs script(1) of util-linux, to have a terminal');
    const [terminal, plain, piped] = await Promise.all([
      runOnTerminal(['doctor'], 100),
      runOnTerminal(['doctor'], 100, { env: { NO_COLOR: '1' } }),
      runCli(['doctor']),
    ]);
    expect(terminal.stdout).toContain('\u001b[');
    expect(plain.stdout).not.toContain('\u001b');
    expect(piped.stdout).not.toContain('\u001b');
  });

  test.for([120, 60, 30])('tables fit %i columns', async (columns, { skip }) => {
    skip(!hasTerminal, 'needs script(1) of util-linux, to have a terminal');
    const { code, stdout } = await runOnTerminal(['ps', '--tree', String(process.pid)], columns);
    const lines = stripVTControlCharacters(stdout).replaceAll('\r\n', '\n').trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.filter((line) => textWidth(line) > columns)).toEqual([]);
  });

  test('in a pipe they are whole', async () => {
    const { stdout } = await runCli(['ps', '--tree', String(process.pid)]);
    expect(stdout).toContain(`${cliFile} ps --tree ${process.pid}\n`);
    expect(stdout).not.toContain('…');
  });
});
