import type { PortEntry } from '../../protocol/types/port.ts';

/**
 * Whether a port is held by the AirPlay Receiver of macOS 12 and later, which listens on 5000 and 7000 and answers HTTP: whoever only
 * asks whether the port answers takes it for the own server.
 */
export function isAirPlay(port: number, entries: readonly PortEntry[]): boolean {
  const owners = entries.flatMap((entry) => entry.owners);
  return (
    ports.has(port) && owners.length > 0 && owners.every(({ executable, name }) => (executable ?? `/${name}`).endsWith('/ControlCenter'))
  );
}

const ports = new Set([5_000, 7_000]);

export const airPlayAdvice =
  'It is a part of macOS, which starts it again when it is ended: turn AirPlay Receiver off in System Settings, General, AirDrop & Handoff, or use another port.';
