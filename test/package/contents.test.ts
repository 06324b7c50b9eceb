import { beforeAll, expect, test } from 'vitest';
import { runNpm } from './installed.ts';

/* What `npm install sidewarden` brings. */

interface Packed {
  size: number;
  unpackedSize: number;
  files: { path: string; mode: number }[];
}

let packed: Packed;
const paths = () => packed.files.map(({ path }) => path);

beforeAll(() => {
  const answer = JSON.parse(runNpm(['pack', '--dry-run', '--json', '--ignore-scripts'])) as Packed[] | Record<string, Packed>;
  // npm 11 answers a list, npm 12 an object by name.
  [packed] = Object.values(answer) as [Packed];
}, 60_000);

test('is below 2 MB, packed and unpacked', () => {
  expect(packed.size).toBeGreaterThan(100_000);
  expect(packed.size).toBeLessThan(2_000_000);
  expect(packed.unpackedSize).toBeLessThan(4_000_000);
});

test.each([
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'dist/bin.js',
  'dist/jobWorker.js',
  'dist/breakConsoles.js',
  'dist/poolThread.cjs',
  'dist/guard.sh',
  'dist/guardDarwin.sh',
  'dist/client.js',
  'dist/processManager.js',
  'dist/types/client/index.d.ts',
  'dist/types/client/processManager/index.d.ts',
  'dist/openrpc.json',
  'dist/THIRD-PARTY-LICENSES.txt',
  'dist/types/protocol/methods/index.d.ts',
  'clients/spec/openrpc.json',
  'clients/spec/sidewarden.schema.json',
  'clients/spec/METHODS.md',
])('holds %s', (path) => {
  expect(paths()).toContain(path);
});

test('holds nothing else: no source, test, source map or toolchain', () => {
  const expected = [
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
    /^dist\/[\w.-]+\.(js|cjs)$/,
    /^dist\/guard(Darwin)?\.sh$/,
    /^dist\/(openrpc\.json|sidewarden\.schema\.json|METHODS\.md|THIRD-PARTY-LICENSES\.txt)$/,
    /^dist\/types\/.+\.d\.ts$/,
    /^clients\/spec\/[\w.-]+\.(json|md)$/,
  ];
  expect(paths().filter((path) => !expected.some((pattern) => pattern.test(path)))).toEqual([]);
});

test('has a bin that can be executed', () => {
  const bin = packed.files.find(({ path }) => path === 'dist/bin.js');
  expect((bin?.mode ?? 0) & 0o111).toBe(0o111);
});
