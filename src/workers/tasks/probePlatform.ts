import type { Platform, PlatformCapabilities } from '../platform/types.ts';

/** What works here. */
export function probePlatform(_: Record<string, never>, platform: Platform): PlatformCapabilities {
  return platform.probeCapabilities();
}
