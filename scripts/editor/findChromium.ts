import { spawnSync } from 'node:child_process';
import type { Missing } from '../wine/findWine.ts';

/** The Chromium that shows the editor: what SIDEWARDEN_CHROMIUM names, else the first that is where distributions put it. */
export function findChromium(): { path: string; version: string } | Missing {
  const named = process.env.SIDEWARDEN_CHROMIUM;
  for (const path of named === undefined ? wellKnown : [named]) {
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 60_000 });
    if (status === 0) return { path, version: stdout.trim() };
  }
  if (named !== undefined) return { missing: `SIDEWARDEN_CHROMIUM names ${named}, which does not start` };
  return { missing: 'there is no Chromium here: install one, or name one with SIDEWARDEN_CHROMIUM' };
}

const wellKnown = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/lib/chromium/chromium',
  '/snap/bin/chromium',
];
