import type { Launch } from './launch.ts';
import { launchNode } from './node.ts';

/** As fits what we run in. */
export function defaultLaunch(): Launch {
  return launchNode();
}
