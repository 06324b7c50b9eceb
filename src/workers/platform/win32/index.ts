import type { Platform } from '../types.ts';
import { createUnsupported } from '../unsupported.ts';

/** Windows: not built yet. */
export const createWin32 = (): Platform => createUnsupported('win32', 'Windows');
