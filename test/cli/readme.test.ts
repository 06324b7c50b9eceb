import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandHelp, overview } from '../../clients/cli/help.ts';
import { onLinux } from '../harness/only.ts';
import { root, type WireMessage } from '../harness/sidecar.ts';
import { createCheckout } from './checkout.ts';

/* What the README lets people paste works as it stands there. */

const readme = readFileSync(`${root}README.md`, 'utf8');
const session = /<!-- session -->\n```sh\n(.*?)```/s.exec(readme)?.[1] ?? '';
let checkout: ReturnType<typeof createCheckout>;

beforeAll(() => {
  checkout = createCheckout();
});
afterAll(() => checkout[Symbol.dispose]());

onLinux(describe)('the session', () => {
  test('is answered completely, with the end of input right behind it', () => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -o pipefail\n${session}`], { cwd: checkout.path, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });

    const requests = [...session.matchAll(/^ *'(\{.*\})'/gm)]
      .map(([, line]) => JSON.parse(line as string) as WireMessage)
      .filter(({ id }) => id !== undefined);
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as WireMessage);
    expect(requests.map(({ method }) => method)).toEqual(['initialize', 'port/find', 'sidecar/ping', 'shutdown']);
    expect(answers.map(({ id }) => id).sort()).toEqual(requests.map(({ id }) => id).sort());
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
    const result = (method: string) => answers.find(({ id }) => id === requests.find((request) => request.method === method)?.id)?.result;
    expect(result('sidecar/ping')).toMatchObject({ echo: 'hello' });
    expect(result('port/find')).toEqual({ inUse: expect.any(Boolean), entries: expect.any(Array) });
    expect(result('shutdown')).toMatchObject({ ok: true });
  });

  test('is followed by what it prints, member for member', () => {
    const shown = /prints, .*?```json\n(.*?)```/s.exec(readme)?.[1] ?? '';
    const lines = shown.trim().split('\n');
    expect(lines.map((line) => Number(/"id":(\d+)/.exec(line)?.[1])).sort()).toEqual([1, 2, 3, 4]);
    for (const line of lines.filter((one) => !one.includes('…'))) expect(() => JSON.parse(line)).not.toThrow();
  });
});

onLinux(test)(
  'the services start in order, crash, come back, and end in reverse',
  () => {
    const pasted = /<!-- services -->\n```sh\n(.*?)```/s.exec(readme)?.[1] ?? '';
    expect(pasted).toContain('\n  sleep 4\n');
    // A person sees that it needs longer; a busy machine gets more time beforehand.
    const services = pasted.replace('sleep 4', 'sleep 15');
    const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -o pipefail\n${services}`], { cwd: checkout.path, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const told = stdout.trim().split('\n');
    const at = (name: string, state: string, ready: boolean, from = 0) => {
      const place = told.indexOf(`"name":"${name}","state":"${state}","ready":${ready}`, from);
      expect(place, `${name} ${state} in\n${stdout}`).toBeGreaterThanOrEqual(from);
      return place;
    };
    const crash = at('api', 'backoff', false, at('api', 'running', true, at('db', 'running', true)));
    at('api', 'starting', false, crash);
    expect(told.lastIndexOf('"name":"api","state":"stopped","ready":false')).toBeLessThan(at('db', 'stopped', false, crash));
  },
  90_000,
);

test('the commands are those of --help', () => {
  for (const name of Object.keys(commandHelp)) {
    const inHelp = overview
      .split('\n')
      .find((line) => line.startsWith(`  sidewarden ${name} `))
      ?.trim()
      .split(/ {2,}/)[0];
    expect(inHelp).toBeDefined();
    expect(readme).toContain(`\n${inHelp} `);
    expect(commandHelp[name as keyof typeof commandHelp].split('\n')[0]?.replaceAll(/openrpc \| jsonschema \| markdown/g, 'FORMAT')).toBe(
      inHelp,
    );
  }
});

test('the exit codes are those of --help', () => {
  const table = new Map([...readme.matchAll(/^\| (\d) \|.*\| (.*) \|$/gm)].map(([, code, meaning]) => [code, meaning?.trim()]));
  const help = [...overview.matchAll(/^ {2}(\d) {2}(.*)$/gm)].map(([, code, meaning]) => [code, meaning] as const);
  expect(help.length).toBe(7);
  for (const [code, meaning] of help) expect(table.get(code)).toBe(meaning);
});

test.each([
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'docs/kill.md',
  'docs/instance.md',
  'docs/shutdown.md',
  'docs/soak.md',
])('no link in %s leads nowhere', (file) => {
  const text = readFileSync(root + file, 'utf8');
  const targets = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) => target as string);
  const missing = [...new Set(targets)].filter((target) => !existsSync(join(root, dirname(file), target)));
  expect(missing).toEqual([]);
});
