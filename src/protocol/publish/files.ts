import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emitters } from './emitters/index.ts';
import { jsonSchemaDocument } from './jsonSchema.ts';
import { anchor, markdownReference, methodTable } from './markdown.ts';
import { modelOf, type OpenrpcDocument } from './model/modelOf.ts';
import { openrpcDocument } from './openrpc.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const begin = '<!-- generated: methods -->';
const end = '<!-- /generated: methods -->';

/** Every published file of this checkout, with the text that it should have; `path` is absolute. */
export function publishedFiles(): { path: string; text: string }[] {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const readme = join(root, 'README.md');
  const openrpc = openrpcDocument(version);
  const model = modelOf(openrpc as unknown as OpenrpcDocument);
  return [
    { path: join(root, 'clients/spec/openrpc.json'), text: toJson(openrpc) },
    { path: join(root, 'clients/spec/sidewarden.schema.json'), text: toJson(jsonSchemaDocument(version)) },
    { path: join(root, 'clients/spec/METHODS.md'), text: markdownReference() },
    {
      path: readme,
      text: replaceBlock(
        readFileSync(readme, 'utf8'),
        methodTable((name) => `clients/spec/METHODS.md#${anchor(name)}`),
      ),
    },
    ...emitters.flatMap(({ folder, emit }) =>
      Object.entries(emit(model)).map(([name, text]) => ({ path: join(root, folder, name), text })),
    ),
  ];
}

/** What lies in a folder of generated files and is no longer generated; paths are absolute. */
export function leftoverFiles(): string[] {
  const published = new Set(publishedFiles().map(({ path }) => path));
  return (
    emitters
      .map(({ folder }) => join(root, folder))
      .filter((folder) => existsSync(folder))
      // What an interpreter puts there, a folder of compiled modules, is nobody's file.
      .flatMap((folder) => readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile()))
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => !published.has(path))
  );
}

function toJson(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The text with everything between the markers replaced. */
export function replaceBlock(text: string, block: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`README.md needs the markers ${begin} and ${end}, in this order, around its method table.`);
  return `${text.slice(0, from)}${begin}\n${block}\n${text.slice(to)}`;
}
