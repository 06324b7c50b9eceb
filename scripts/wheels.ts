import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { oldestAndNewest } from './python/interpreters.ts';

/*
 * `npm run wheels`: the Python client’s wheels, for every platform, into clients/python/dist. npm brings koffi’s prebuilt files for
 * the platforms that this machine is not; what comes is what package-lock.json names, or it is refused.
 */

process.chdir(join(import.meta.dirname, '..'));
const prebuilt = join('.cache', 'koffi');
const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

interface Locked {
  version: string;
  integrity: string;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
const python = oldestAndNewest().at(-1);
if (python === undefined) throw new Error('There is no Python 3.9 or newer here to make wheels with.');
if (!existsSync(join('dist', 'bin.js'))) throw new Error('dist/ is not built yet: run `npm run build`.');
mkdirSync(prebuilt, { recursive: true });
fetchKoffi();

const { status } = spawnSync(
  python.path,
  [join('clients', 'python', 'wheels.py'), join('clients', 'python', 'dist'), 'dist', join('node_modules', 'koffi'), prebuilt],
  { stdio: ['ignore', 'inherit', 'inherit'] },
);
process.exitCode = status ?? 1;

/** What is missing, by one call of npm. */
function fetchKoffi(): void {
  const wanted = platforms.map((platform) => {
    const name = `@koromix/koffi-${platform}`;
    return { name, ...(packages[`node_modules/${name}`] as Locked), platform };
  });
  const fileOf = ({ platform, version }: (typeof wanted)[number]) => `koromix-koffi-${platform}-${version}.tgz`;
  const isThere = (one: (typeof wanted)[number], directory: string) =>
    existsSync(join(directory, fileOf(one))) && integrityOf(join(directory, fileOf(one))) === one.integrity;
  const missing = wanted.filter((one) => !isThere(one, prebuilt));
  if (missing.length === 0) return;

  const aside = `${prebuilt}.${process.pid}`;
  mkdirSync(aside);
  try {
    const npm = process.env.npm_execpath;
    const [command, ...args] = npm === undefined ? ['npm'] : [process.execPath, npm];
    const specs = missing.map(({ name, version }) => `${name}@${version}`);
    const packed = spawnSync(command as string, [...args, 'pack', ...specs, '--pack-destination', aside, '--ignore-scripts', '--silent'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (packed.status !== 0) throw new Error(`npm could not bring ${specs.join(', ')}; its messages are above.`);
    for (const one of missing) {
      if (!isThere(one, aside)) throw new Error(`${one.name} ${one.version} is not what package-lock.json names.`);
      renameSync(join(aside, fileOf(one)), join(prebuilt, fileOf(one)));
    }
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function integrityOf(file: string): string {
  return `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
}
