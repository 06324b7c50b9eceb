import { UsageError } from './exitCode.ts';

/* What several commands take from their command lines. */

/** The one port behind a command’s name. */
export function parsePort([text, ...more]: string[], command: string): number {
  if (text === undefined) throw new UsageError(`Which port? For instance: sidewarden ${command} 3000.`);
  if (more.length > 0) throw new UsageError('One port at a time.');
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`A port is a number from 1 to 65535, not "${text}".`);
  return port;
}

export function parsePid(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) > 0) return Number(text);
  throw new UsageError(`A pid is a positive number, not "${text}".`);
}

/** A whole number between two others, both included. */
export function parseWhole(text: string, what: string, from: number, to: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value < from || value > to) throw new UsageError(`${what} is a number from ${from} to ${to}, not "${text}".`);
  return value;
}
