import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onLinux } from '../harness/only.ts';
import { findFreePort } from '../harness/ports.ts';
import { root } from '../harness/sidecar.ts';
import { installSidewarden } from './installed.ts';

/* What the client's documents show is code: it compiles against the package, and the examples run as they are pasted. */

const documents = ['README.md', 'docs/process-manager.md'];
const { directory, remove } = installSidewarden();
beforeAll(() => {
  symlinkSync(join(root, 'node_modules', '@types'), join(directory, 'node_modules', '@types'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
});
afterAll(remove);

describe.each(documents)('%s', (document) => {
  const text = readFileSync(join(root, 'clients', 'typescript', document), 'utf8');
  const blocks = [...text.matchAll(/(<!-- example -->\s*)?```ts\n([\s\S]*?)```/g)].map(([, isExample, code]) => ({
    isExample: isExample !== undefined,
    code: code as string,
  }));
  const nameOf = (index: number) => `${document.replace(/\W/g, '-')}-${index}.ts`;

  test.each(['nodenext', 'bundler'])(
    'compiles, with modules resolved as %s',
    (resolution) => {
      expect(blocks.length).toBeGreaterThan(0);
      blocks.forEach(({ code }, index) => {
        // A fragment of a host that has a sidecar.
        const fragment = `import { type Sidecar } from 'sidewarden/client';\ndeclare const sidecar: Sidecar;\ndeclare function flush(): Promise<void>;\n`;
        writeFileSync(join(directory, nameOf(index)), code.includes('import ') ? code : `${fragment}${code}`);
      });
      writeFileSync(
        join(directory, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023', 'esnext.disposable'],
            module: resolution === 'bundler' ? 'esnext' : resolution,
            moduleResolution: resolution,
            types: ['node'],
            strict: true,
            noEmit: true,
          },
          files: blocks.map((_, index) => nameOf(index)),
        }),
      );
      const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', directory], { encoding: 'utf8' });
      expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
    },
    120_000,
  );

  onLinux(test)(
    'its example runs as it is pasted',
    async () => {
      const example = blocks.find(({ isExample }) => isExample)?.code as string;
      // Whoever holds 5050 on this machine is no part of the test.
      writeFileSync(join(directory, 'example.ts'), example.replaceAll('5050', String(await findFreePort())));
      const env = { ...process.env, HOME: directory, XDG_STATE_HOME: directory };
      const { stdout, stderr, status } = spawnSync(process.execPath, [join(directory, 'example.ts')], { encoding: 'utf8', env });
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
      expect(stdout).toMatch(/^\[/);
    },
    60_000,
  );
});

test('who holds a port is five lines', () => {
  const text = readFileSync(join(root, 'clients', 'typescript', 'README.md'), 'utf8');
  const example = /<!-- example -->\s*```ts\n([\s\S]*?)```/.exec(text)?.[1] as string;
  expect(example.trim().split('\n').length).toBeLessThanOrEqual(5);
});

test('the table names every call of the process manager', () => {
  const source = readFileSync(join(root, 'clients', 'typescript', 'processManager', 'processManager.ts'), 'utf8');
  const body = /export interface ProcessManager \{([\s\S]*?)\n\}/.exec(source)?.[1] as string;
  const calls = [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name as string).filter((name) => name !== 'close');
  const rows = readFileSync(join(root, 'clients', 'typescript', 'docs', 'process-manager.md'), 'utf8');
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.filter((name) => !new RegExp(`^\\| \`${name}\\(`, 'm').test(rows))).toEqual([]);
});
