import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { publishedFiles } from './files.ts';

/* `npm run generate`: writes what is published. Everything else under src/protocol only computes. */

for (const { path, text } of publishedFiles()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
