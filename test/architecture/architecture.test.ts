import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, test } from 'vitest';
import { layers, singleHomes } from './layers.ts';
import { type Module, readModule } from './readModule.ts';
import { findBreaches } from './rules.ts';

const root = join(import.meta.dirname, '..', '..');
const modules = ['src', 'clients']
  .flatMap((folder) => listSources(folder))
  .map((path) => readModule(path, readFileSync(join(root, path), 'utf8')));

test('the house is in order', () => {
  expect(modules.length).toBeGreaterThan(0);
  expect(findBreaches(modules)).toEqual([]);
});

test('every single home is a file or folder that exists, unless it is still to be built', () => {
  const toBeBuilt = ['src/workers/exec.ts'];
  const homes = singleHomes.flatMap((home) => home.homes);
  expect(homes.filter((home) => !modules.some(({ path }) => path.startsWith(home)) && !toBeBuilt.includes(home))).toEqual([]);
});

test('a layer is asked for by its name only', () => {
  const names = layers.map(({ name }) => name);
  const packages = [
    'node:*',
    'package.json',
    'zod/mini',
    'pino',
    'prom-client',
    'koffi',
    'piscina',
    'vscode-jsonrpc/node',
    'sidewarden/client',
    'electron',
    'vscode',
  ];
  expect(
    layers
      .flatMap(({ may }) => may.map((one) => one.replace('type:', '')))
      .filter((one) => !names.includes(one) && !packages.includes(one)),
  ).toEqual([]);
});

describe('the folders of the systems read like translations of one another', () => {
  const systems = ['linux', 'darwin', 'win32'];
  const filesOf = (system: string) => readdirSync(join(root, 'src/workers/platform', system)).sort();
  /** Files of one or two systems, and why the others have none. */
  const own: Record<string, string> = {
    'asking.ts': 'Windows has no signals, so it asks in other ways',
    'cgroup.ts': 'cgroups are of Linux',
    'clocks.ts': '/proc counts ticks since the boot',
    'environ.ts': '/proc/PID/environ is watched while it is read; the others answer in one call',
    'exitPoll.ts': 'macOS has no handle on a process that could be waited for',
    'fileChanges.ts': 'inotify is of Linux',
    'heldProcess.ts': 'macOS has no handle on a process',
    'heldSockets.ts': 'what libproc and lsof tell of one process',
    'observe.ts': '/proc has files of one process that have to be read as one',
    'ownerCheck.ts': 'structures of xnu that have to prove themselves',
    'procFiles.ts': 'only Linux has /proc',
    'processList.ts': 'Linux has no list but /proc, which is read process by process',
    'standstill.ts': '/proc tells of each thread; the others in their list of processes',
    'toolSignals.ts': 'POSIX sends signals without a tool and without koffi',
    'tools.ts': 'Linux is asked without tools',
  };

  test('the same names of files; what only some have is named here, with its reason', () => {
    const all = [...new Set(systems.flatMap(filesOf))].sort();
    const lacking = all.filter((file) => !systems.every((system) => filesOf(system).includes(file)));
    expect(lacking).toEqual(Object.keys(own).sort());
  });

  test('under the same name the same is exported, in the same order', () => {
    const exportsOf = (system: string, file: string) =>
      [
        ...readFileSync(join(root, 'src/workers/platform', system, file), 'utf8').matchAll(
          /^export (?:async )?(?:function|const|interface|type) (\w+)/gm,
        ),
      ].map(([, name]) => (name as string).replace(/Linux|Darwin|Win32/, ''));
    const shared = filesOf('linux').filter((file) => own[file] === undefined);
    expect(shared.length).toBeGreaterThanOrEqual(14);
    for (const file of shared) {
      const [first = [], ...others] = systems.map((system) => exportsOf(system, file));
      const common = first.filter((name) => others.every((names) => names.includes(name)));
      expect(common, file).not.toEqual([]);
      for (const names of others)
        expect(
          names.filter((name) => common.includes(name)),
          file,
        ).toEqual(common);
    }
  });
});

describe('a breach is found', () => {
  test.each([
    ['a layer that reaches up', 'src/server/ports/x.ts', `import { a } from '../rpc/session.ts';`, 'may not import ../rpc/session.ts'],
    [
      'types count too',
      'src/server/ports/x.ts',
      `import type { A } from '../handlers/port.ts';`,
      'may not import types of ../handlers/port.ts',
    ],
    [
      'a value where only types are allowed',
      'src/workers/platform/parse/x.ts',
      `import { a } from '../types.ts';`,
      'may not import ../types.ts',
    ],
    [
      'one system that knows another',
      'src/workers/platform/linux/x.ts',
      `import { a } from '../darwin/index.ts';`,
      'may not import ../darwin/index.ts',
    ],
    ['a parser with I/O', 'src/workers/platform/parse/x.ts', `import { readFileSync } from 'node:fs';`, 'may not import node:fs'],
    ['a dynamic import', 'src/protocol/x.ts', `const a = await import('../log.ts');`, 'may not import ../log.ts'],
    ['a re-export', 'src/protocol/x.ts', `export { createLog } from '../log.ts';`, 'may not import ../log.ts'],
    ['a type by import()', 'src/protocol/x.ts', `export type A = import('../log.ts').Log;`, 'may not import types of ../log.ts'],
    ['a strange package', 'src/server/rpc/x.ts', `import lodash from 'lodash';`, 'may not import lodash'],
    [
      'a client that reaches into the server',
      'clients/cli/x.ts',
      `import { a } from '../../src/server/app.ts';`,
      'may not import ../../src/server/app.ts',
    ],
    ['the whole of zod', 'src/protocol/x.ts', `import * as z from 'zod';`, 'uses zod, which nobody does'],
    ['an exit', 'src/server/rpc/x.ts', `if (a) process.exit(1);`, 'uses process.exit'],
    ['an exit through globalThis', 'src/server/rpc/x.ts', `globalThis.process.exit(1);`, 'uses process.exit'],
    ['an exit through node:process', 'src/server/rpc/x.ts', `import process from 'node:process'; process['exit'](1);`, 'uses process.exit'],
    ['the wire', 'src/workers/tasks/x.ts', `process.stdout.write('x');`, 'uses process.stdout'],
    ['a console', 'src/workers/tasks/x.ts', `console.log('x');`, 'uses console'],
    ['the environment', 'src/server/os/x.ts', 'const { HOME } = process.env;', 'uses process.env'],
    ['a timer', 'src/server/ports/x.ts', 'setTimeout(() => {}, 5);', 'uses setTimeout'],
    ['the wall clock', 'src/server/ports/x.ts', 'const at = Date.now();', 'uses Date.now'],
    ['the wall clock by another name', 'src/server/ports/x.ts', 'const at = new Date();', 'uses Date.now'],
    ['the system', 'src/server/ports/x.ts', `if (process.platform === 'win32') a();`, 'uses process.platform'],
    ['a pool beside the pool', 'src/server/ports/x.ts', `import { Piscina } from 'piscina';`, 'uses piscina'],
    ['a default export', 'src/outcome.ts', 'export default 1;', 'has a default export'],
    ['a default export in braces', 'src/outcome.ts', 'const a = 1; export { a as default };', 'has a default export'],
    ['an export of everything', 'src/outcome.ts', `export * from './protocol/errors.ts';`, 'has an `export *`'],
    ['a long file', 'src/outcome.ts', '\n'.repeat(301), 'has 301 lines'],
    ['a file of no layer', 'src/helpers.ts', '', 'belongs to no layer'],
  ])('%s', (_, path, source, breach) => {
    expect(findBreaches([readModule(path, source)]).join('\n')).toContain(breach);
  });

  test('a cycle, of types as well', () => {
    const cycle: Module[] = [
      readModule('src/protocol/a.ts', `import type { B } from './b.ts';`),
      readModule('src/protocol/b.ts', `import { c } from './c.ts';`),
      readModule('src/protocol/c.ts', `import { a } from './a.ts';`),
    ];
    expect(findBreaches(cycle)).toEqual(['cycle: src/protocol/a.ts → src/protocol/b.ts → src/protocol/c.ts → src/protocol/a.ts']);
  });
});

describe('what is no breach', () => {
  test.each([
    [
      'a name of our own that a global has too',
      'src/protocol/x.ts',
      `import * as process from './process.ts'; export const all = { exit: process.exit };`,
    ],
    ['a parameter of that name', 'src/server/ports/x.ts', 'export const f = (process: { env: string }) => process.env;'],
    ['a member of that name', 'src/server/ports/x.ts', 'export const f = (clock: { setTimeout(): void }) => clock.setTimeout();'],
    ['a date from a number', 'src/server/ports/x.ts', 'export const f = (at: number) => new Date(at).toISOString();'],
    [
      'what a string or comment says',
      'src/server/ports/x.ts',
      `// import { a } from '../rpc/session.ts'\nexport const a = "process.exit(1); import 'x'";`,
    ],
    ['a type that needs no home', 'src/workers/pool.ts', `import type { Log } from '../log.ts';`],
  ])('%s', (_, path, source) => {
    expect(findBreaches([readModule(path, source)])).toEqual([]);
  });
});

function listSources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${folder}/${path.split(sep).join('/')}`);
}

test('the architecture page names tests and files that are there', () => {
  const page = readFileSync(join(root, 'src', 'README.md'), 'utf8');
  const named = [...page.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path]) => path as string);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
