import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Missing, Wine } from './findWine.ts';

/** A Windows of its own, in a directory, which Windows Node.js 22 to 26 runs in. */
export interface Prefix {
  /** What a command needs in its environment to run in it. */
  environment: Record<string, string>;
}

const builtins = '/usr/lib/x86_64-linux-gnu/wine/x86_64-windows';

/** Makes it unless it is there already. Takes some 10 s, and no display. */
export function makePrefix({ version, compiler }: Wine, directory: string): Prefix | Missing {
  const path = resolve(directory);
  const stamp = join(path, 'made-by');
  const made = `${version}, windows without a display`;
  const environment = { WINEPREFIX: path, WINEARCH: 'win64', WINEDEBUG: '-all', WINEDLLOVERRIDES: 'mscoree,mshtml=;kernelbase=n' };
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return { environment };

  const kernelbase = join(builtins, 'kernelbase.dll');
  if (!existsSync(kernelbase)) return { missing: `this Wine (${version}) does not keep its libraries in ${builtins}` };
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  const making = { ...environment, WINEDLLOVERRIDES: 'mscoree,mshtml=' };
  // Node refuses older Windows.
  const steps = [
    ['wineboot', '-i'],
    ['wine', 'winecfg', '-v', 'win10'],
    ['wine', 'reg', 'add', 'HKCU\\Software\\Wine\\Drivers', '/v', 'Graphics', '/d', 'null', '/f'],
    ['wineserver', '-w'],
  ] as [string, ...string[]][];
  for (const [command, ...args] of steps) {
    if (spawnSync(command, args, { stdio: 'ignore', env: { ...process.env, ...making }, timeout: longestStepMs }).status !== 0)
      return { missing: `a Wine prefix could not be made: ${command} ${args.join(' ')} failed` };
  }
  const system = join(path, 'drive_c', 'windows', 'system32');
  rmSync(join(system, 'kernelbase.dll'), { force: true });
  writeFileSync(join(system, 'kernelbase.dll'), withoutVirtualAlloc2(readFileSync(kernelbase)));
  if (!buildShim(compiler, path, join(system, 'bcryptprimitives.dll')))
    return { missing: `${compiler} could not build a library for Windows` };
  writeFileSync(stamp, made);
  return { environment };
}

const longestStepMs = 120_000;

/**
 * V8 of Node 24 uses VirtualAlloc2 where it finds it, and dies with Wine 8’s, which lacks placeholders. And Wine runs its own
 * file from elsewhere in place of one that is marked as built in.
 */
function withoutVirtualAlloc2(bytes: Buffer): Buffer {
  const mended = Buffer.from(bytes);
  replace(mended, '\0VirtualAlloc2\0', '\0VirtualAlloc1\0');
  replace(mended, 'Wine builtin DLL', 'A Wine DLL, used');
  return mended;
}

function replace(bytes: Buffer, from: string, to: string): void {
  const place = bytes.indexOf(from, 0, 'latin1');
  if (place !== -1) bytes.write(to, place, 'latin1');
}

/** Modules in Rust (rolldown, under vitest) ask this library for random bytes, and Wine 8 has none of that name. */
function buildShim(compiler: string, directory: string, target: string): boolean {
  const source = join(directory, 'bcryptprimitives.c');
  writeFileSync(
    source,
    [
      '#include <windows.h>',
      'BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);',
      '__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) { return SystemFunction036(bytes, (ULONG)count); }',
      '',
    ].join('\n'),
  );
  return spawnSync(compiler, ['-O1', '-shared', '-o', target, source, '-ladvapi32'], { stdio: ['ignore', 2, 2] }).status === 0;
}
