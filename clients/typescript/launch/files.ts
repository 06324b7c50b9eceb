import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The sidecar's own file: beside us in the package, in its own room in the source tree. Node.js cannot run what is inside
 * an asar archive, so there it has to lie unpacked (`asarUnpack`). Where a bundler has moved us into an Electron app's own
 * code, it is looked for where the app's packages lie unpacked. Throws a sentence when it is in none of these places.
 */
export function sidecarFile(here: string = import.meta.url, resourcesPath = ofElectron()): string {
  const places = [...besideUs(here), ...(resourcesPath === undefined ? [] : [join(resourcesPath, ...unpackedPackage)])];
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `The sidecar's own file is not where it is looked for (${places.join(', ') || 'a bundler has taken away where we are'}): ship the package sidewarden beside what is bundled, in an asar archive under asarUnpack, or name its dist/bin.js with launchNode({ file }).`,
  );
}

/** `…/app.asar/…` → `…/app.asar.unpacked/…`, as electron-builder and @electron/asar lay it out. */
export function unpacked(path: string): string {
  return path.replace(/\.asar([\\/])/, '.asar.unpacked$1');
}

/** A bundler that makes CommonJS of us leaves no `import.meta.url`. */
function besideUs(here: string | undefined): string[] {
  if (!here) return [];
  return [unpacked(fileURLToPath(new URL(here.endsWith('.ts') ? '../../../src/bin.ts' : './bin.js', here)))];
}

const unpackedPackage = ['app.asar.unpacked', 'node_modules', 'sidewarden', 'dist', 'bin.js'];

const ofElectron = () => (process as { resourcesPath?: string }).resourcesPath;
