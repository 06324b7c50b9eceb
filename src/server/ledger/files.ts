import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LedgerContent, ledgerVersion, parseLedger } from './records.ts';

/* Where the ledgers of an app are, and what is in them. */

export const ledgersDirectory = (appDirectory: string): string => join(appDirectory, 'ledgers');

/** One of a newer sidecar is that one’s to judge. */
export const isForeign = ({ header }: LedgerContent): boolean => header !== null && header.version !== ledgerVersion;

/** Nothing ran when it ended, or it ended before it could start anything. */
export const isFinished = (content: LedgerContent): boolean => !isForeign(content) && content.starts.size === 0;

export const hasPersistent = ({ starts }: LedgerContent): boolean =>
  [...starts.values()].some(({ persistent }) => persistent !== undefined);

export async function listLedgers(appDirectory: string): Promise<string[]> {
  const directory = ledgersDirectory(appDirectory);
  return (await readNames(directory)).filter(isLedger).map((name) => join(directory, name));
}

export const isLedger = (name: string): boolean => name.endsWith('.jsonl');

export async function readNames(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** One that was deleted meanwhile says nothing. */
export async function readLedger(path: string): Promise<LedgerContent> {
  try {
    return parseLedger(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return parseLedger('');
    throw error;
  }
}
