import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type ExitCode, exitCode, UsageError } from '../exitCode.ts';
import { type SchemaFormat, schemaFiles } from '../files.ts';
import { print } from '../terminal.ts';

/** The published description of the protocol, byte for byte. */
export async function schema(args: string[]): Promise<ExitCode> {
  const { values } = parseArgs({ args, options: { format: { type: 'string', default: 'openrpc' } } });
  const { format } = values;
  if (!isFormat(format)) throw new UsageError(`--format takes one of ${Object.keys(schemaFiles).join(', ')}, not "${format}".`);
  print((await readFile(schemaFiles[format], 'utf8')).trimEnd());
  return exitCode.done;
}

const isFormat = (format: string): format is SchemaFormat => Object.hasOwn(schemaFiles, format);
