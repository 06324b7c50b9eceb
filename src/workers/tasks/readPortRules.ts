import type { Platform, PortRules } from '../platform/types.ts';

/** The system’s own rules about port numbers, for those who choose one. */
export async function readPortRules(_input: Record<string, never>, { sockets }: Platform): Promise<PortRules> {
  return sockets.readRules();
}
