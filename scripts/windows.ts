import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Summary } from '../test/setup/summary.ts';
import { findWine } from './wine/findWine.ts';
import { layTree } from './wine/layTree.ts';
import { makePrefix } from './wine/makePrefix.ts';
import { runInWine } from './wine/runInWine.ts';

/*
 * `npm run test:windows`: the suite `windows` with a real Windows Node.js, under Wine where this is no Windows. What it needs
 * it installs: Wine and a compiler by apt-get, where that is allowed, and the packages by npm. Where it cannot, it says SKIPPED.
 */

process.chdir(join(import.meta.dirname, '..'));
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'windows', ...process.argv.slice(2)];
const { isOk, sentence } = process.platform === 'win32' ? runHere() : runUnderWine();
if (sentence !== null) process.stdout.write(`${sentence}\n`);
process.exitCode = isOk ? 0 : 1;

interface Ending {
  isOk: boolean;
  sentence: string | null;
}

function runHere(): Ending {
  const { status } = spawnSync(process.execPath, vitest, { stdio: 'inherit' });
  return { isOk: status === 0, sentence: null };
}

function runUnderWine(): Ending {
  const wine = findWine();
  if ('missing' in wine) return skip(wine.missing);
  const prefix = makePrefix(wine, join('.cache', 'windows', 'prefix'));
  if ('missing' in prefix) return skip(prefix.missing);
  const tree = layTree(join('.cache', 'windows', 'tree'));
  if ('missing' in tree) return skip(tree.missing);

  const summary = join(tree.directory, 'summary.json');
  rmSync(summary, { force: true });
  const problem = runInWine({
    prefix,
    tree,
    args: vitest,
    env: { SIDEWARDEN_TEST_SUMMARY: 'summary.json', SIDEWARDEN_WINE: wine.version },
  });
  const found = existsSync(summary) ? (JSON.parse(readFileSync(summary, 'utf8')) as Summary) : { passed: 0, failed: 1, skipped: [] };
  if (problem !== null && found.failed === 0) found.failed = 1;
  hand(found);
  return { isOk: problem === null, sentence: problem };
}

/** Not run is neither passed nor failed; whoever adds up the suites counts it, with the reason. */
function skip(reason: string): Ending {
  hand({ passed: 0, failed: 0, skipped: [{ name: 'all of it', reason }] });
  return { isOk: true, sentence: `SKIPPED: ${reason}` };
}

function hand(summary: Summary): void {
  const path = process.env.SIDEWARDEN_TEST_SUMMARY;
  if (path !== undefined) writeFileSync(path, JSON.stringify(summary));
}
