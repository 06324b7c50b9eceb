import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/*
 * `npm run test:matrix`: the test suites on the other Node versions that we support. They are installed on first use,
 * outside the workspaces, because every one of these packages calls its bin `node`.
 */

const root = join(import.meta.dirname, '..');
const matrix = join(root, 'toolchain', 'matrix');
/** Type check and lint do not depend on the Node that runs them. */
const suites = ['build', 'unit', 'architecture', 'protocol', 'package', 'e2e', 'withoutNative'];

install();
const results = listNodes().map(({ name, node }) => {
  process.stdout.write(`\n══ ${name}\n`);
  const { status } = spawnSync(node, [join(root, 'scripts', 'test.ts'), ...suites], { stdio: 'inherit' });
  return { name, passed: status === 0 };
});
for (const { name, passed } of results) process.stdout.write(`${name.padEnd(24)} ${passed ? 'passed' : 'failed'}\n`);
process.exitCode = results.length > 0 && results.every(({ passed }) => passed) ? 0 : 1;

function install(): void {
  if (listNodes().length > 0) return;
  const npm = process.env.npm_execpath;
  if (npm === undefined) throw new Error('Start this through npm: `npm run test:matrix`.');
  const { status } = spawnSync(
    process.env.npm_node_execpath ?? process.execPath,
    [npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    { cwd: matrix, stdio: ['ignore', 2, 2] },
  );
  if (status !== 0) throw new Error('`npm ci` in toolchain/matrix failed; its messages are above.');
  if (listNodes().length === 0)
    throw new Error(
      `No other Node is packaged for ${process.platform}-${process.arch}; test them with a version manager and SIDEWARDEN_NODE=system.`,
    );
}

function listNodes(): { name: string; node: string }[] {
  const packages = join(matrix, 'node_modules');
  if (!existsSync(packages)) return [];
  return readdirSync(packages)
    .filter((name) => /^node\d+-/.test(name))
    .sort()
    .map((name) => ({ name, node: join(packages, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node') }))
    .filter(({ node }) => existsSync(node));
}
