import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What a test run under Wine needs of the machine, or the sentence that says what is missing. */
export type Wine = { version: string; compiler: string };
export type Missing = { missing: string };

/** Looks for Wine and MinGW, and installs them with apt-get where nobody is surprised by that: in CI, and when asked for by `npm run test:windows`. */
export function findWine(): Wine | Missing {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { missing: `Windows Node.js runs under Wine on Linux x64 only; this is ${process.platform} ${process.arch}` };
  const found = look();
  if (!('missing' in found)) return found;
  const refusal = install();
  return refusal === null ? look() : { missing: `${found.missing}, and ${refusal}` };
}

function look(): Wine | Missing {
  const version = spawnSync('wine', ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) return { missing: 'there is no Wine here' };
  if (spawnSync(compiler, ['--version']).status !== 0) return { missing: `there is no ${compiler} here` };
  return { version: version.stdout.trim(), compiler };
}

const compiler = 'x86_64-w64-mingw32-gcc';

/** Null when it worked, else the reason. */
function install(): string | null {
  const isAsked = process.env.CI !== undefined || process.env.npm_lifecycle_event === 'test:windows';
  if (!isAsked) return '`npm test` installs nothing outside of CI; `npm run test:windows` does';
  if (!existsSync('/usr/bin/apt-get')) return 'it cannot be installed without apt-get';
  if (process.getuid?.() !== 0) return `only root may install it: apt-get install ${packages.join(' ')}`;
  process.stderr.write('Installing Wine and MinGW (apt-get) …\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 2, 2], env, timeout: longestInstallMs });
    if (status !== 0) return `apt-get ${args[0]} failed`;
  }
  return null;
}

const packages = ['wine', 'wine64', 'libwine', 'gcc-mingw-w64-x86-64-win32'];
const longestInstallMs = 300_000;
