import type { Result } from '../../src/protocol/methods/index.ts';
import type { PortEntry } from '../../src/protocol/types/port.ts';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import { displayName } from './processName.ts';
import { type Column, renderTable, type TableOptions } from './table.ts';

type PortOwners = Result<'initialize'>['capabilities']['portOwners'];

/** Who holds what: one line an owner, so that every line stands for itself in a pipe. A hidden owner is a line as well. */
export function renderPorts(entries: readonly PortEntry[], portOwners: PortOwners, options: TableOptions): string[] {
  const rows = entries.flatMap((entry) => {
    const place = [String(entry.port), entry.protocol, addressOf(entry)];
    return ownersOf(entry, portOwners).map((owner) => [...place, ...owner, placementOf(entry)]);
  });
  const isPlaced = entries.some((entry) => placementOf(entry) !== '');
  return renderTable(isPlaced ? [...columns, placementColumn] : columns, rows, options);
}

const columns: Column[] = [
  { title: 'PORT', align: 'right' },
  { title: 'PROTO' },
  { title: 'ADDRESS', yields: 'later' },
  { title: 'PID', align: 'right' },
  { title: 'NAME', yields: 'later' },
  { title: 'USER', yields: 'later' },
  { title: 'COMMAND', yields: 'first' },
];
const placementColumn: Column = { title: 'RUNS IN', yields: 'later' };

/** With its family, and what is out of the ordinary about it. */
export function addressOf({ address, family, dualStack, state, protocol }: PortEntry): string {
  const place = family === 'ipv6' ? `[${address}]` : address;
  // A UDP socket never listens; for TCP it is worth a word.
  return `${place}${dualStack ? ' +IPv4' : ''}${state === 'bound' && protocol === 'tcp' ? ' (not listening)' : ''}`;
}

/** Cells PID, NAME, USER, COMMAND of every owner, and of those whom we may not see. */
function ownersOf({ owners, visibility }: PortEntry, portOwners: PortOwners): string[][] {
  const seen = owners.map(ownerCells);
  if (visibility === 'full' && seen.length > 0) return seen;
  if (visibility === 'unknown') return [...seen, ['?', '(unknown: could not look)', '?', '?']];
  return [...seen, ['?', portOwners === 'all' ? '(hidden: kernel or other namespace)' : '(hidden: other user)', '?', '?']];
}

function ownerCells(owner: ProcessInfo): string[] {
  const { pid, user, commandLine, executable } = owner;
  return [String(pid), displayName(owner), user?.name ?? '?', commandLine === null ? (executable ?? '?') : commandLine.join(' ')];
}

function placementOf({ container, unit }: PortEntry): string {
  if (container) return `${container.engine} ${container.name ?? container.id.slice(0, 12)}`;
  // A scope or slice only groups what a login started.
  return unit && /\.(service|socket)$/.test(unit.name) ? unit.name : '';
}
