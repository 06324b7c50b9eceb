import { fileURLToPath } from 'node:url';

/**
 * The sidecar's own file: beside us in the package, in its own room in the source tree. Node.js cannot run what is inside
 * an asar archive, so there it has to lie unpacked (`asarUnpack`), which is where this looks.
 */
export function sidecarFile(here: string = import.meta.url): string {
  return unpacked(fileURLToPath(new URL(here.endsWith('.ts') ? '../../../src/bin.ts' : './bin.js', here)));
}

/** `…/app.asar/…` → `…/app.asar.unpacked/…`, as electron-builder and @electron/asar lay it out. */
export function unpacked(path: string): string {
  return path.replace(/\.asar([\\/])/, '.asar.unpacked$1');
}
