import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type RolldownOutput, rolldown } from 'rolldown';
import { bundles } from '../rolldown.config.ts';

/* Builds dist/: the bundle, the protocol’s type declarations, the published documents, the licences of what is bundled. */

process.chdir(join(import.meta.dirname, '..'));
// Made elsewhere and moved in place when it is whole: a build that fails leaves the last one as it was.
const made = join('.cache', `dist-${process.pid}`);
try {
  await build(made);
  rmSync('dist', { recursive: true, force: true });
  renameSync(made, 'dist');
} finally {
  rmSync(made, { recursive: true, force: true });
}
process.stderr.write(`Built dist: ${Math.round(sizeOf('dist') / 1024)} KiB.\n`);

async function build(dir: string): Promise<void> {
  const outputs = await bundle(dir);
  declareTypes('tsconfig.types.json', join(dir, 'types'));
  declareTypes('tsconfig.client.json', join(dir, 'types', 'client'));
  for (const file of ['guard.sh', 'guardDarwin.sh'])
    copyFileSync(join('src', 'server', 'supervisor', 'containment', file), join(dir, file));
  for (const file of ['openrpc.json', 'sidewarden.schema.json', 'METHODS.md']) copyFileSync(join('clients', 'spec', file), join(dir, file));
  writeFileSync(join(dir, 'THIRD-PARTY-LICENSES.txt'), licences(bundledPackages(outputs)));
}

async function bundle(dir: string): Promise<RolldownOutput[]> {
  const results: RolldownOutput[] = [];
  for (const { output, ...input } of bundles(dir)) {
    const build = await rolldown(input);
    results.push(await build.write(output as Exclude<typeof output, unknown[]>));
    await build.close();
  }
  // npm does this when it installs a bin; whoever runs dist/bin.js of a checkout needs it too.
  chmodSync(join(dir, 'bin.js'), 0o755);
  return results;
}

function declareTypes(project: string, dir: string): void {
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', project, '--outDir', dir], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('The type declarations could not be made; the messages of tsc are above.');
}

/** Directories of the packages whose code is in the bundle. */
function bundledPackages(outputs: RolldownOutput[]): string[] {
  const modules = outputs.flatMap(({ output }) => output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])));
  const inPackage = new RegExp(`^(.*\\${sep}node_modules\\${sep}(?:@[^\\${sep}]+\\${sep})?[^\\${sep}]+)\\${sep}`);
  const directories = modules.map((id) => inPackage.exec(id)?.[1]).filter((directory) => directory !== undefined);
  return [...new Set(directories)].sort();
}

function licences(packages: string[]): string {
  const intro = 'sidewarden contains code of the packages below, each under its own licence.\n';
  return [intro, ...packages.map(licence)].join(`\n${'-'.repeat(80)}\n\n`);
}

function licence(directory: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Record<string, string>;
  const file = readdirSync(directory).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  if (file === undefined) throw new Error(`${name} is bundled but carries no licence file; its terms have to be known before it ships.`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(directory, file), 'utf8').trim()}\n`;
}

function sizeOf(path: string): number {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, entry) => sum + sizeOf(join(path, entry)), 0) : stat.size;
}
