import { fail } from '../../protocol/errors.ts';
import { createDarwin } from './darwin/index.ts';
import { createLinux } from './linux/index.ts';
import type { Platform, SupportedPlatform } from './types.ts';
import { createWin32 } from './win32/index.ts';

export interface PlatformOptions {
  /** Whether foreign-function calls may be used; without them every question has a fallback. */
  native: boolean;
}

/** The platform of that name (`process.platform`). Throws Unsupported for a system that sidewarden does not know. */
export function createPlatform(name: NodeJS.Platform, options: PlatformOptions): Platform {
  if (!isSupported(name))
    throw fail('Unsupported', `sidewarden does not run on ${name}; it knows Linux, macOS and Windows.`, {
      capability: 'platform',
      platform: name,
    });
  return factories[name](options);
}

const factories: Record<SupportedPlatform, (options: PlatformOptions) => Platform> = {
  linux: createLinux,
  darwin: createDarwin,
  win32: createWin32,
};

const isSupported = (name: NodeJS.Platform): name is SupportedPlatform => Object.hasOwn(factories, name);
