import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { leftoverFiles, publishedFiles } from './files.ts';

/* `npm run generate`: writes what is published, for every language. Everything else under src/protocol only computes. */

for (const { path, text } of publishedFiles()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
for (const path of leftoverFiles()) rmSync(path);
