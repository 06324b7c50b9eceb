import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Summary } from '../../test/setup/summary.ts';
import { environmentOf } from './environment.ts';
import { oldestAndNewest } from './interpreters.ts';

const home = join('clients', 'python');
const none: Summary = { passed: 0, failed: 0, skipped: [] };

/** The Python client: its wheels, type checks, then its tests on the oldest and the newest Python of this machine. */
export function runPythonSuite(scratch: string): Summary {
  const interpreters = oldestAndNewest();
  if (interpreters.length === 0) return { ...none, skipped: [{ name: 'all of it', reason: 'there is no Python 3.9 or newer here' }] };

  const environments = interpreters.map((interpreter) => ({
    name: interpreter.version.join('.'),
    python: environmentOf(interpreter, join(home, 'requirements-dev.txt')),
  }));
  // The oldest: what it takes, all others do.
  const oldest = environments[0]?.python as string;
  return sum([
    check([process.execPath, join('scripts', 'wheels.ts')]),
    check([oldest, '-m', 'mypy', '--config-file', join(home, 'pyproject.toml')]),
    check([process.execPath, join('node_modules', 'pyright', 'index.js'), '--project', home, '--pythonpath', oldest]),
    ...environments.map(({ name, python }) => runPytest(name, python, join(scratch, `python-${name}.json`))),
  ]);
}

function check(command: [string, ...string[]]): Summary {
  return run(command) === 0 ? { ...none, passed: 1 } : { ...none, failed: 1 };
}

function runPytest(name: string, python: string, path: string): Summary {
  process.stdout.write(`Python ${name}\n`);
  const status = run(
    [python, '-m', 'pytest', '--config-file', join(home, 'pyproject.toml'), '-p', 'no:cacheprovider', join(home, 'tests')],
    {
      SIDEWARDEN_TEST_SUMMARY: path,
      SIDEWARDEN_NODE: process.execPath,
      PYTHONDONTWRITEBYTECODE: '1',
    },
  );
  if (!existsSync(path)) return { ...none, failed: 1 };
  const summary = JSON.parse(readFileSync(path, 'utf8')) as Summary;
  const skipped = summary.skipped.map((one) => ({ ...one, name: `${name}: ${one.name}` }));
  // The run itself may fail where no test did: no test found, or a file that does not load.
  return { ...summary, skipped, failed: status !== 0 && summary.failed === 0 ? 1 : summary.failed };
}

function run([program, ...args]: [string, ...string[]], env: Record<string, string> = {}): number {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  if (error) throw error;
  return status ?? 1;
}

function sum(summaries: Summary[]): Summary {
  return {
    passed: summaries.reduce((total, { passed }) => total + passed, 0),
    failed: summaries.reduce((total, { failed }) => total + failed, 0),
    skipped: summaries.flatMap(({ skipped }) => skipped),
  };
}
