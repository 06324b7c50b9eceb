import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { onLinux } from '../harness/only.ts';
import { root } from '../harness/sidecar.ts';
import { installSidewarden } from './installed.ts';

/* `sidewarden/client` and `sidewarden/process-manager`, as a host that installed the package has them. */

const { directory: host, remove } = installSidewarden();
afterAll(remove);

test.each(['client.js', 'processManager.js'])('%s brings no zod and no other package: only files of its own and Node.js', (entry) => {
  const files = reachableFrom(entry);
  expect(files.filter((file) => !file.startsWith('node:') && !/^(client|processManager)[\w.-]*\.js$/.test(file))).toEqual([]);
  const source = files.filter((file) => !file.startsWith('node:')).map((file) => readFileSync(join(root, 'dist', file), 'utf8'));
  expect(source.join('\n')).not.toMatch(/ZodMini|safeParse|_zod\b/);
  expect(Buffer.byteLength(source.join('\n'))).toBeLessThan(60_000);
});

onLinux(test)('a CommonJS host has it by require', () => {
  const code = `const { Sidecar } = require('sidewarden/client');
    const { createProcessManager } = require('sidewarden/process-manager');
    (async () => {
      const sidecar = await Sidecar.spawn({ appId: 'package.test', options: { stateDir: __dirname } });
      console.log((await sidecar.sidecar.ping({ echo: typeof createProcessManager })).echo);
      await sidecar.close();
    })();`;
  expect(runHost('host.cjs', code)).toMatchObject({ stdout: 'function\n', status: 0 });
});

function runHost(name: string, code: string) {
  writeFileSync(join(host, 'package.json'), '{"type":"module"}');
  writeFileSync(join(host, name), code);
  return spawnSync(process.execPath, [join(host, name)], { cwd: host, encoding: 'utf8', timeout: 30_000 });
}

/** The files of dist and the packages that a file imports, and theirs. */
function reachableFrom(entry: string, seen = new Set<string>()): string[] {
  if (seen.has(entry)) return [];
  seen.add(entry);
  if (!readdirSync(join(root, 'dist')).includes(entry)) return [entry];
  const source = readFileSync(join(root, 'dist', entry), 'utf8');
  const specifiers = [...source.matchAll(/(?:from\s*|import\s*\(?\s*)["']([^"']+)["']/g)].map(([, specifier]) => specifier as string);
  return [entry, ...specifiers.flatMap((specifier) => reachableFrom(specifier.replace(/^\.\//, ''), seen))];
}
