/* Where our own files are: beside us in the bundle, in their own rooms in the source tree. */

const isSource = import.meta.url.endsWith('.ts');
const locate = (inSource: string, inBundle: string) => new URL(isSource ? inSource : inBundle, import.meta.url);

export const sidecarFile = locate('../../src/bin.ts', './bin.js');

export type SchemaFormat = 'openrpc' | 'jsonschema' | 'markdown';

export const schemaFiles: Record<SchemaFormat, URL> = {
  openrpc: locate('../spec/openrpc.json', './openrpc.json'),
  jsonschema: locate('../spec/sidewarden.schema.json', './sidewarden.schema.json'),
  markdown: locate('../spec/METHODS.md', './METHODS.md'),
};
