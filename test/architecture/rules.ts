import { posix } from 'node:path';
import { type Layer, layers, mayBeLonger, mostLines, singleHomes } from './layers.ts';
import type { Import, Module } from './readModule.ts';

/** Every breach of the house’s rules, as sentences; none when it is in order. */
export function findBreaches(modules: Module[]): string[] {
  return [...modules.flatMap(breachesOf), ...findCycles(modules)];
}

function breachesOf(module: Module): string[] {
  return [...breachesOfForm(module), ...breachesOfLayers(module), ...breachesOfHomes(module)];
}

function breachesOfForm({ path, lines, hasDefaultExport, hasExportStar }: Module): string[] {
  const breaches: string[] = [];
  if (hasDefaultExport) breaches.push(`${path} has a default export`);
  if (hasExportStar) breaches.push(`${path} has an \`export *\``);
  if (lines > mostLines && !mayBeLonger.some((start) => path.startsWith(start)))
    breaches.push(`${path} has ${lines} lines; more than ${mostLines} are two ideas`);
  return breaches;
}

function breachesOfLayers({ path, imports }: Module): string[] {
  const layer = layerOf(path);
  if (layer === undefined) return [`${path} belongs to no layer: give it one in test/architecture/layers.ts`];
  return imports
    .filter((one) => !mayImport(layer, path, one))
    .map(({ specifier, isType }) => `${path} (${layer.name}) may not import ${isType ? 'types of ' : ''}${specifier}`);
}

function mayImport(layer: Layer, path: string, { specifier, isType }: Import): boolean {
  const target = targetOf(path, specifier);
  if (target === layer.name || layer.may.includes(target)) return true;
  return isType && layer.may.includes(`type:${target}`);
}

/** The layer that an import leads to, `node:*`, or the package itself. */
function targetOf(path: string, specifier: string): string {
  if (specifier.startsWith('node:')) return 'node:*';
  if (!specifier.startsWith('.')) return specifier;
  const file = resolve(path, specifier);
  return file === 'package.json' ? file : (layerOf(file)?.name ?? file);
}

const layerOf = (file: string) => layers.find(({ files }) => files.some((start) => file.startsWith(start)));

function breachesOfHomes({ path, imports, globals }: Module): string[] {
  if (!path.startsWith('src/')) return [];
  // A type needs no home: it is gone before anything runs.
  const used = new Set([...globals, ...imports.filter(({ isType }) => !isType).map(({ specifier }) => specifier)]);
  return singleHomes
    .filter(({ homes }) => !homes.some((home) => path.startsWith(home)))
    .flatMap(({ of, homes }) =>
      of
        .filter((one) => used.has(one))
        .map((one) => `${path} uses ${one}, ${homes.length === 0 ? 'which nobody does' : `whose home is ${homes.join(', ')}`}`),
    );
}

/** Types count as well: two modules that need each other’s are one module in two files. */
function findCycles(modules: Module[]): string[] {
  const edges = new Map(
    modules.map(({ path, imports }) => [
      path,
      imports.filter(({ specifier }) => specifier.startsWith('.')).map(({ specifier }) => resolve(path, specifier)),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  for (const path of edges.keys()) follow(path, []);
  return cycles;

  function follow(path: string, trail: string[]): void {
    if (trail.includes(path)) cycles.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
    if (done.has(path) || trail.includes(path)) return;
    for (const next of edges.get(path) ?? []) follow(next, [...trail, path]);
    done.add(path);
  }
}

const resolve = (path: string, specifier: string) => posix.join(posix.dirname(path), specifier);
