import type { Dependency } from '../../protocol/types/service.ts';
import type { ServiceState } from './state.ts';

/* Who depends on whom. Pure: names in, names and sentences out. */

export interface Dependant {
  name: string;
  dependsOn: readonly Dependency[];
  persistent?: boolean | undefined;
}

export type Graph = ReadonlyMap<string, Dependant>;

export interface Problem {
  /** Which of the names led there. */
  name: string;
  /** With the whole path. */
  message: string;
}

/** Why these cannot be started, each told once; empty when they can. */
export function findProblems(names: Iterable<string>, graph: Graph): Problem[] {
  const problems: Problem[] = [];
  const settled = new Set<string>();
  for (const name of names) visit(name, []);
  return problems;

  function visit(name: string, path: string[]): void {
    const place = path.indexOf(name);
    if (place !== -1) {
      tell(name, path, `${[...path.slice(place), name].join(' → ')} is a circle, so that none of them could ever start`);
      return;
    }
    if (settled.has(name)) return;
    const node = graph.get(name);
    if (node === undefined) {
      tell(name, path, `${[...path, name].join(' → ')}: there is no service ${name}`);
    } else {
      for (const dependency of node.dependsOn) visit(dependency.name, [...path, name]);
      const mortal = node.persistent === true && node.dependsOn.find((tie) => tie.condition !== 'completed' && endsWithUs(tie));
      if (mortal) tell(name, path, `${name} is persistent and needs ${mortal.name}, which is not, and so ends with the sidecar`);
    }
    settled.add(name);
  }

  function endsWithUs({ name }: Dependency): boolean {
    const node = graph.get(name);
    return node !== undefined && node.persistent !== true;
  }

  function tell(name: string, path: string[], message: string): void {
    problems.push({ name: path[0] ?? name, message });
  }
}

/** All that these depend on, directly or not; without themselves. */
export function dependenciesOf(names: readonly string[], graph: Graph): string[] {
  return reach(names, (name) => (graph.get(name)?.dependsOn ?? []).map((dependency) => dependency.name));
}

/** All that depend on these, directly or not; without themselves. `counts` says which of the ties hold. */
export function dependantsOf(names: readonly string[], graph: Graph, counts: (dependant: string, tie: Dependency) => boolean): string[] {
  const direct = new Map<string, string[]>();
  for (const { name, dependsOn } of graph.values()) {
    for (const tie of dependsOn) {
      if (!counts(name, tie)) continue;
      const known = direct.get(tie.name);
      if (known === undefined) direct.set(tie.name, [name]);
      else known.push(name);
    }
  }
  return reach(names, (name) => direct.get(name) ?? []);
}

function reach(from: readonly string[], next: (name: string) => string[]): string[] {
  const found = new Set(from);
  for (const name of found) for (const one of next(name)) found.add(one);
  return [...found].slice(new Set(from).size);
}

/** Runs `act` for each of these, for all at the same time but for those that depend on one another: dependants first. */
export async function inReverseOrder(names: readonly string[], graph: Graph, act: (name: string) => Promise<void>): Promise<void> {
  const meant = new Set(names);
  const dependants = dependantsAmong(meant, graph);
  const begun = new Map<string, Promise<void>>();
  await Promise.all([...meant].map(begin));

  function begin(name: string): Promise<void> {
    const known = begun.get(name);
    if (known !== undefined) return known;
    const before = (dependants.get(name) ?? []).map(begin);
    const done = Promise.all(before).then(() => act(name));
    begun.set(name, done);
    return done;
  }
}

/** These, in layers: those of one depend on none of a later one, so that the first may end first. */
export function layersOf(names: readonly string[], graph: Graph): string[][] {
  const depths = new Map<string, number>();
  const dependants = dependantsAmong(new Set(names), graph);
  const layers = Map.groupBy(names, depthOf);
  return [...layers.keys()].sort((left, right) => left - right).map((depth) => layers.get(depth) as string[]);

  function depthOf(name: string): number {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const depth = Math.max(0, ...(dependants.get(name) ?? []).map((dependant) => depthOf(dependant) + 1));
    depths.set(name, depth);
    return depth;
  }
}

function dependantsAmong(names: ReadonlySet<string>, graph: Graph): Map<string, string[]> {
  const dependants = new Map<string, string[]>();
  for (const name of names) {
    for (const tie of graph.get(name)?.dependsOn ?? []) dependants.set(tie.name, [...(dependants.get(tie.name) ?? []), name]);
  }
  return dependants;
}

/** How far a dependency has come, seen by who waits for it. */
export type Standing = { kind: 'met' } | { kind: 'pending'; cause: string } | { kind: 'failed'; cause: string };

/** `state` is null when there is no such service any more. */
export function standingOf({ name, condition }: Dependency, state: ServiceState | null): Standing {
  const failed = (what: string): Standing => ({ kind: 'failed', cause: `It needs ${name}${needs[condition]}, which ${what}` });
  const pending = (what: string): Standing => ({ kind: 'pending', cause: `It waits for ${name}${needs[condition]}, which ${what}` });
  if (state === null) return failed('is not there any more.');
  switch (state.name) {
    case 'running':
      if (condition === 'started' || (condition === 'ready' && state.isReady)) return { kind: 'met' };
      return pending(condition === 'ready' ? reason('is not ready yet', state.cause) : 'still runs.');
    case 'exited':
      if (state.next === 'start') return pending('is to be started again.');
      if (condition !== 'ready' && state.exit?.exitCode === 0) return state.isClearing ? pending('is ending.') : { kind: 'met' };
      return failed(reason('has ended', state.cause));
    case 'fatal':
      if (state.next === 'start') return pending('is to be started again.');
      return failed(reason('is fatal', state.cause));
    case 'stopped':
      return failed(reason('is stopped', state.cause));
    case 'backoff':
      return pending(reason('is to be restarted', state.cause));
    case 'stopping':
      return pending(reason('is ending', state.cause));
    default:
      return pending(reason(`is ${state.name}`, state.name === 'waiting' ? state.waitsFor : state.cause));
  }
}

const needs = { started: '', ready: ' to be ready', completed: ' to complete' } as const;

const reason = (what: string, cause: string | null): string => (cause === null ? `${what}.` : `${what}: ${cause}`);

/** What a service that needs all of them is told. */
export function worstOf(standings: Standing[]): Standing {
  return standings.find(({ kind }) => kind === 'failed') ?? standings.find(({ kind }) => kind === 'pending') ?? { kind: 'met' };
}
