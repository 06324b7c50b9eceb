import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Summary } from '../test/setup/summary.ts';
import { runPythonSuite } from './python/suite.ts';

/*
 * Everything that CI runs, suite by suite: `npm test`, or `npm test -- unit e2e` for some of it. The last line adds
 * up all suites; a check that is no list of tests counts as one.
 */

process.chdir(join(import.meta.dirname, '..'));
const scratch = mkdtempSync(join(tmpdir(), 'sidewarden-test-'));

interface Suite {
  name: string;
  run(): Summary;
}

const suites: Suite[] = [
  check('typecheck', ['node_modules/typescript/bin/tsc', '-p', '.']),
  check('lint', ['node_modules/@biomejs/biome/bin/biome', 'ci', '--error-on-warnings']),
  check('build', ['scripts/build.ts']),
  tests('unit'),
  tests('architecture'),
  tests('protocol'),
  tests('package'),
  linuxOnly(tests('conformance')),
  linuxOnly({ name: 'python', run: () => runPythonSuite(scratch) }),
  linuxOnly(tests('e2e')),
  { name: 'windows', run: () => readSummary('windows', ['scripts/windows.ts'], {}) },
  // Whoever installs without optional packages gets the fallbacks: the same cases, no foreign-function calls.
  linuxOnly(tests('withoutNative', ['--project', 'unit', '--project', 'e2e', 'test/workers/', 'test/e2e/'], { SIDEWARDEN_NATIVE: 'off' })),
];

process.exitCode = runSuites(process.argv.slice(2)) ? 0 : 1;
rmSync(scratch, { recursive: true, force: true });

function runSuites(only: string[]): boolean {
  const unknown = only.find((name) => !suites.some((suite) => suite.name === name));
  if (unknown !== undefined) throw new Error(`There is no suite ${unknown}; there are ${suites.map(({ name }) => name).join(', ')}.`);

  const results = suites
    .filter(({ name }) => only.length === 0 || only.includes(name))
    .map(({ name, run }) => {
      print(`\n── ${name}`);
      const startedAt = performance.now();
      return { name, ...run(), seconds: (performance.now() - startedAt) / 1_000 };
    });

  print('');
  for (const { name, seconds, ...summary } of results) print(`${name.padEnd(14)} ${describe(summary)}  (${seconds.toFixed(1)} s)`);
  const total: Summary = {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failed: results.reduce((sum, { failed }) => sum + failed, 0),
    skipped: results.flatMap(({ name, skipped }) => skipped.map((one) => ({ ...one, name: `${name}: ${one.name}` }))),
  };
  for (const { name, reason } of total.skipped) print(`skipped  ${name}: ${reason}`);
  print(describe(total));
  return total.failed === 0;
}

function describe({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped.length === 0 ? '' : `, ${skipped.length} skipped`}`;
}

function check(name: string, command: string[]): Suite {
  return { name, run: () => (runNode(command) === 0 ? { passed: 1, failed: 0, skipped: [] } : { passed: 0, failed: 1, skipped: [] }) };
}

function tests(name: string, filter = ['--project', name], env: Record<string, string> = {}): Suite {
  return { name, run: () => runVitest(name, filter, env) };
}

function runVitest(name: string, filter: string[], env: Record<string, string>): Summary {
  return readSummary(name, ['node_modules/vitest/vitest.mjs', 'run', ...filter], env);
}

function readSummary(name: string, command: string[], env: Record<string, string>): Summary {
  const path = join(scratch, `${name}.json`);
  const status = runNode(command, { ...env, SIDEWARDEN_TEST_SUMMARY: path });
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: [] };
  const summary = JSON.parse(readFileSync(path, 'utf8')) as Summary;
  // The run itself may fail where no test did: no test found, or a process that outlived them all.
  return status !== 0 && summary.failed === 0 ? { ...summary, failed: 1 } : summary;
}

function linuxOnly(suite: Suite): Suite {
  if (process.platform === 'linux') return suite;
  return {
    ...suite,
    run: () => ({
      passed: 0,
      failed: 0,
      skipped: [
        {
          name: 'all of it',
          reason: `its scenes are written for Linux; on ${process.platform} there is ${process.platform === 'win32' ? 'the suite windows' : 'nothing to test yet'}`,
        },
      ],
    }),
  };
}

function runNode(args: string[], env: Record<string, string> = {}): number {
  const { status, error } = spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  if (error) throw error;
  return status ?? 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
