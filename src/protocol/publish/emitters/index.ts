import type { Emitter } from './emitter.ts';
import { python } from './python/python.ts';
import { typescript } from './typescript.ts';

/** Every language that has a client. */
export const emitters: Emitter[] = [typescript, python];
