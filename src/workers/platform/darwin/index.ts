import type { Platform } from '../types.ts';
import { createUnsupported } from '../unsupported.ts';

/** macOS: not built yet. */
export const createDarwin = (): Platform => createUnsupported('darwin', 'macOS');
