import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../../src/protocol/methods/index.ts';
import { KillOutcome } from '../../src/protocol/types/kill.ts';
import { onLinux } from '../harness/only.ts';
import { findFreePort } from '../harness/ports.ts';
import { root, type WireMessage } from '../harness/sidecar.ts';
import { createCheckout } from './checkout.ts';

/* What docs/kill.md lets people paste answers as it says there. */

const document = readFileSync(`${root}docs/kill.md`, 'utf8');
const scripts = blocks('run', 'sh');
const shown = blocks('answers', 'json').join('').trim().split('\n');

let checkout: ReturnType<typeof createCheckout>;
beforeAll(() => {
  checkout = createCheckout();
});
afterAll(() => checkout[Symbol.dispose]());

onLinux(describe)('the examples', () => {
  test('run one after the other, and answer what stands below them', async () => {
    // What an example that fails leaves behind ends with the shell.
    const script = ["trap 'kill $(jobs -p) 2>/dev/null' EXIT", ...scripts]
      .join('\n')
      .replace('"port":3999,', `"port":${await findFreePort()},`);
    const bash = spawn('bash', ['-c', script], { cwd: checkout.path, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr] = await Promise.all([text(bash.stdout), text(bash.stderr)]);
    // The sidecar may warn of others on this machine; the shell has nothing to say.
    expect(stderr.split('\n').filter((line) => !line.startsWith('{'))).toEqual(['']);
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as WireMessage);
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(answers.map(outcomesOf)).toEqual(shown.map((line) => [...line.matchAll(/"outcome":"(\w+)"/g)].map(([, outcome]) => outcome)));
  });

  test('show answers with the members that answers have', () => {
    for (const line of shown.filter((one) => !one.includes('…'))) expect(() => JSON.parse(line)).not.toThrow();
    for (const line of shown) expect(line).toMatch(/^\{"jsonrpc":"2\.0","id":1,"result":\{.*\}\}$/);
  });
});

test('every outcome is explained', () => {
  const outcomes = KillOutcome.shape.outcome.options;
  expect(outcomes.filter((outcome) => !new RegExp(`^\\| .*\`${outcome}\``, 'm').test(document))).toEqual([]);
});

function blocks(marker: string, language: string): string[] {
  return [...document.matchAll(new RegExp(`<!-- ${marker} -->\n\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code as string);
}

function outcomesOf({ result }: WireMessage): string[] {
  const { outcomes, leftovers } = result as Partial<Result<'process/kill'> & Result<'cleanup/run'>>;
  return (outcomes ?? leftovers ?? []).map(({ outcome }) => outcome);
}
