import type { Platform } from '../platform/types.ts';
import { askProcesses, foreseeWays } from './askProcesses.ts';
import { checkEvidence } from './checkEvidence.ts';
import { checkPort } from './checkPort.ts';
import { checkPorts } from './checkPorts.ts';
import { describeProcesses } from './describeProcesses.ts';
import { explainPort } from './explainPort.ts';
import { findStarted } from './findStarted.ts';
import { groundEvidence } from './groundEvidence.ts';
import { growTrees } from './growTrees.ts';
import { listAncestors } from './listAncestors.ts';
import { listProcesses } from './listProcesses.ts';
import { placeProcesses } from './placeProcesses.ts';
import { probePlatform } from './probePlatform.ts';
import { readPortRules } from './readPortRules.ts';
import { readSockets } from './readSockets.ts';
import { releaseHandles } from './releaseHandles.ts';
import { sampleFamilies } from './sampleFamilies.ts';
import { sampleUsage } from './sampleUsage.ts';
import { scanOwners } from './scanOwners.ts';
import { signalProcesses } from './signalProcesses.ts';
import { walkTree } from './walkTree.ts';

/** Everything a pool thread can be asked to do, by name. A task keeps nothing: its thread may die at any moment. */
export const tasks = {
  askProcesses,
  checkEvidence,
  checkPort,
  checkPorts,
  describeProcesses,
  explainPort,
  findStarted,
  foreseeWays,
  groundEvidence,
  growTrees,
  listAncestors,
  listProcesses,
  placeProcesses,
  probePlatform,
  readPortRules,
  readSockets,
  releaseHandles,
  sampleFamilies,
  sampleUsage,
  scanOwners,
  signalProcesses,
  walkTree,
} as const;

export type TaskName = keyof typeof tasks;
export type TaskInput<Name extends TaskName> = Parameters<(typeof tasks)[Name]>[0];
export type TaskValue<Name extends TaskName> = Awaited<ReturnType<(typeof tasks)[Name]>>;

/** A task: input in, value out, by structured clone; a SidewardenError is thrown and travels as data. */
export type Task = (input: never, platform: Platform) => unknown;
