import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Missing } from '../wine/findWine.ts';

/** Programs of Node.js: the editor, and what packs an extension. puppeteer-core is imported from `directory`. */
export interface Editor {
  directory: string;
  codeServer: string;
  vsce: string;
}

const dependencies = { 'code-server': '4.139.1', 'puppeteer-core': '25.16.0', '@vscode/vsce': '4.1.0' };
/** What code-server is made for, and its native packages are built with. */
const nodeMajor = '24';

/** Installs them with the first call, some 700 MB, below `parent`; later calls find them there. */
export function installEditor(parent: string): Editor | Missing {
  if (process.versions.node.split('.')[0] !== nodeMajor)
    return { missing: `code-server needs Node.js ${nodeMajor}; this is ${process.versions.node}` };
  const wanted = createHash('sha256')
    .update(JSON.stringify([dependencies, process.versions.modules, process.platform, process.arch]))
    .digest('hex');
  const home = resolve(parent, wanted.slice(0, 12));
  if (existsSync(home)) return editorIn(home);

  const npm = process.env.npm_execpath;
  if (npm === undefined) return { missing: 'the editor is installed by npm: start this through it (`npm run test:editor`)' };
  process.stderr.write('Installing code-server, puppeteer-core and vsce (npm install; some minutes) …\n');
  mkdirSync(parent, { recursive: true });
  // What an install leaves that was cut off is of no use to anybody.
  for (const name of readdirSync(parent)) rmSync(join(parent, name), { recursive: true, force: true });
  // Made aside and moved in place when it is whole, so that an install that was cut off is not taken for one.
  const made = `${home}.${process.pid}`;
  mkdirSync(made);
  writeFileSync(join(made, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const code = join(made, 'node_modules', 'code-server', 'lib', 'vscode');
  try {
    const problem =
      run(npm, made, [...install, '--save-exact']) ??
      // Its versions are those of the shrinkwrap file that code-server brings.
      run(npm, code, [...install, '--omit=dev']) ??
      run(npm, code, ['rebuild', '@vscode/native-watchdog', 'node-pty', '--loglevel=error', ...headers()]) ??
      run(npm, made, ['rebuild', 'argon2', '--loglevel=error', ...headers()]);
    if (problem !== null) return { missing: problem };
    renameSync(made, home);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return editorIn(home);
}

function editorIn(directory: string): Editor {
  const modules = join(directory, 'node_modules');
  return {
    directory,
    codeServer: join(modules, 'code-server', 'out', 'node', 'entry.js'),
    vsce: join(modules, '@vscode', 'vsce', 'vsce'),
  };
}

const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** The headers of this Node.js, where it has them with it: else node-gyp looks for them elsewhere. */
function headers(): string[] {
  const home = dirname(dirname(process.execPath));
  return existsSync(join(home, 'include', 'node', 'node.h')) ? [`--nodedir=${home}`] : [];
}

/** Null when it worked. */
function run(npm: string, cwd: string, args: string[]): string | null {
  const { status } = spawnSync(process.execPath, [npm, ...args], { cwd, stdio: ['ignore', 2, 2], timeout: longestInstallMs });
  return status === 0 ? null : `the editor could not be installed; the messages of \`npm ${args[0]}\` are above`;
}

/** Five minutes on a machine that others use. */
const longestInstallMs = 1_800_000;
