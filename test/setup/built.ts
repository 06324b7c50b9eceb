import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/* Before the suites that use dist/: it must be what src/ says. Building here would pull it away under another run. */

const root = join(import.meta.dirname, '..', '..');

export function setup(): void {
  const bin = join(root, 'dist', 'bin.js');
  if (!existsSync(bin)) throw new Error('dist/ is not built yet: run `npm run build`.');
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const newer = sources.find((path) => statSync(join(root, 'src', path)).mtimeMs > statSync(bin).mtimeMs);
  if (newer !== undefined) throw new Error(`dist/ is older than src/${newer}: run \`npm run build\`.`);
}
