import { readFileSync } from 'node:fs';
import type { OutputOptions, Plugin, RolldownOptions } from 'rolldown';

/** Resolved at run time where they are installed: both bring prebuilt binaries, and neither is needed. */
const external = ['koffi', '@napi-rs/nice'];

/** The oldest Node that we support (package.json): it has no `using`, for one. */
const transform = { target: 'node22.12' };

const output: OutputOptions = {
  chunkFileNames: '[name]-[hash].js',
  sourcemap: false,
  comments: { legal: false, annotation: false, jsdoc: false },
  // Lines and names stay: Node prints the source line of an uncaught error, and the log has stack traces.
  minify: { compress: true, mangle: false, codegen: false },
};

/** `breakConsoles` is a program of its own, which Windows alone needs. */
const defaultEntries = {
  bin: 'src/bin.ts',
  jobWorker: 'src/workers/entry.ts',
  breakConsoles: 'src/native/win32/breakConsoles.ts',
};

/**
 * What is bundled, and how. `bin` and `jobWorker` share chunks; what is only imported dynamically stays in a chunk of
 * its own, so that a start reads no more than it needs.
 */
export function bundles(dir: string, entries: Record<string, string> = defaultEntries): RolldownOptions[] {
  return [
    {
      input: entries,
      platform: 'node',
      transform,
      external,
      plugins: [poolThreadPath],
      output: { ...output, dir, format: 'esm', entryFileNames: '[name].js' },
    },
    {
      // What hosts import: no package of ours is in it, so that it costs them next to nothing.
      input: { client: 'clients/typescript/index.ts', processManager: 'clients/typescript/processManager/index.ts' },
      platform: 'node',
      transform,
      output: { ...output, dir, format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'client-[name]-[hash].js' },
    },
    {
      input: { poolThread: 'node_modules/piscina/dist/worker.js' },
      platform: 'node',
      transform,
      external,
      output: { ...output, dir, format: 'cjs', entryFileNames: '[name].cjs' },
    },
  ];
}

/**
 * piscina starts its threads with the CommonJS file `worker.js` beside its own code. In our bundle that is a file of
 * an ES module package, so it needs an extension that says CommonJS, and piscina has to look for that name.
 */
const poolThreadPath: Plugin = {
  name: 'pool-thread-path',
  load: {
    filter: { id: /[\\/]piscina[\\/]dist[\\/]index\.js$/ },
    handler(id) {
      const source = readFileSync(id, 'utf8');
      const parts = source.split(`(__dirname, 'worker.js')`);
      if (parts.length !== 2)
        this.error('piscina no longer starts its threads as `resolve(__dirname, "worker.js")`: look where it does, and mend this plugin.');
      return parts.join(`(import.meta.dirname, 'poolThread.cjs')`);
    },
  },
};
