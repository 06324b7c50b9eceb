import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Editor } from './installEditor.ts';

/** The example as its README packs it, with sidewarden as it is packed from the last build; the path of the .vsix. */
export function packExtension({ vsce }: Editor, scratch: string): string {
  const extension = join(scratch, 'extension');
  const modules = join(extension, 'node_modules');
  cpSync(join('clients', 'examples', 'vscode'), extension, { recursive: true });
  mkdirSync(modules);
  const tarball = npm(process.cwd(), ['pack', '--ignore-scripts', '--silent', '--pack-destination', scratch]).trim();
  npm(extension, ['install', join(scratch, tarball), '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']);

  const types = join(modules, '@types');
  symlinkSync(resolve('node_modules', '@types'), types);
  run(process.cwd(), process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', extension]);
  unlinkSync(types);

  const packed = join(scratch, 'ports.vsix');
  const path = process.env.PATH ?? '';
  // It asks npm what belongs to the extension.
  run(extension, process.execPath, [vsce, 'package', '--allow-missing-repository', '--skip-license', '--out', packed], { PATH: path });
  return packed;
}

function npm(cwd: string, args: string[]): string {
  const path = process.env.npm_execpath;
  return path === undefined ? run(cwd, 'npm', args) : run(cwd, process.execPath, [path, ...args]);
}

function run(cwd: string, command: string, args: string[], env: Record<string, string> = {}): string {
  const { stdout, stderr, status, error } = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}
