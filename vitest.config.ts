import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { summaryReporter } from './test/setup/summary.ts';

/** A suite is a folder; `unit` is everything that is no suite of its own. */
const suites = ['architecture', 'protocol', 'package', 'conformance', 'e2e', 'windows'];
const filesOf = (suite: string) => `test/${suite}/**/*.test.ts`;
const usesBuild = (suite: string) => ['package', 'conformance', 'e2e', 'windows'].includes(suite);
/** What only Windows can show, and beside it what has to come out the same on every system. */
const onWindows = [
  filesOf('windows'),
  'test/workers/{netstat,parse*,protection}.test.ts',
  'test/server/{envelope,machine,shutdown}.test.ts',
];

const project = (name: string, include: string[], exclude: string[] = []) => ({
  test: {
    name,
    include,
    exclude: [...configDefaults.exclude, ...exclude],
    globalSetup: ['test/setup/survivors.ts', ...(usesBuild(name) ? ['test/setup/built.ts'] : [])],
    setupFiles: ['test/setup/openHandles.ts'],
    pool: 'forks' as const,
    // Under Wine everything takes longer.
    testTimeout: name === 'windows' ? 120_000 : 30_000,
    ...(name === 'windows' && { fileParallelism: false, isolate: false }),
    hookTimeout: 30_000,
    // Real processes on a machine that others share: there a test has failed when it fails twice. At home once is enough.
    retry: process.env.CI === undefined ? 0 : 1,
  },
});

/** Where scripts/test.ts wants the numbers. */
const summary = process.env.SIDEWARDEN_TEST_SUMMARY;

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export.
export default defineConfig({
  test: {
    // Most of the time a test waits for a process to start or to end.
    maxWorkers: availableParallelism() + 1,
    projects: [
      project('unit', ['test/**/*.test.ts'], ['test/bench/**', ...suites.map(filesOf)]),
      ...suites.filter((suite) => suite !== 'windows').map((suite) => project(suite, [filesOf(suite)])),
      ...(process.platform === 'win32' ? [project('windows', onWindows)] : []),
    ],
    reporters: summary === undefined ? ['default'] : ['default', summaryReporter(summary)],
  },
});
