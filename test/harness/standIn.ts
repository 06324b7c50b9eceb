import { chmodSync, writeFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { makeDirectory } from './directory.ts';

/** A tool that does what the lines of a shell script say; only where there is a shell. */
export async function standIn(...lines: string[]): Promise<string> {
  const directory = await makeDirectory();
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const file = directory.at('tool');
  writeFileSync(file, ['#!/bin/sh', ...lines].join('\n'));
  chmodSync(file, 0o755);
  return file;
}
