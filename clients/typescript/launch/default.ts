import { sidecarFile } from './files.ts';
import type { Launch } from './launch.ts';
import { launchNode } from './node.ts';

/** What a launch goes by; a test has others. */
export interface Surroundings {
  versions: { node: string; electron?: string | undefined };
  execPath: string;
  env: NodeJS.ProcessEnv;
}

/** As fits what we run in: Node.js, Electron, or the extension host of an editor, which is Electron or Node.js. */
export function defaultLaunch(surroundings: Surroundings = process): Launch {
  return launchNode(nodeOf(surroundings, sidecarFile()));
}

/** The program that runs the sidecar, and how. Throws a sentence where it cannot. */
export function nodeOf({ versions, execPath, env }: Surroundings, file: string): { node: string; file: string; env: NodeJS.ProcessEnv } {
  if (versions.electron === undefined) return { node: execPath, file, env };
  const [major = 0, minor = 0] = versions.node.split('.').map(Number);
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    throw new Error(
      `Electron ${versions.electron} brings Node.js ${versions.node}, and the sidecar needs ${oldest.major}.${oldest.minor}: use Electron 35 or newer, or launchNode({ node }) with a Node.js of your own.`,
    );
  }
  // As editors start their language servers: without it Electron would start the app a second time.
  return { node: execPath, file, env: { ...env, ELECTRON_RUN_AS_NODE: '1' } };
}

const oldest = { major: 22, minor: 12 };
