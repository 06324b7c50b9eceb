import { sidecarFile } from './files.ts';
import { fusedBinary, readRunAsNodeFuse } from './fuses.ts';
import type { Launch } from './launch.ts';
import { launchNode } from './node.ts';
import { launchUtilityProcess, type UtilityProcess } from './utilityProcess.ts';

/** What a launch goes by; a test has others. */
export interface Surroundings {
  versions: { node: string; electron?: string | undefined };
  execPath: string;
  env: NodeJS.ProcessEnv;
  platform: string;
  /** Of Electron: `browser` is its main process, `utility` for one an editor's extension host; absent where it runs as Node.js. */
  type?: string | undefined;
  resourcesPath?: string | undefined;
}

/** `env` where it is not our own. */
export type Way = { kind: 'node'; node: string; env?: NodeJS.ProcessEnv } | { kind: 'utilityProcess' };

/** As fits what we run in: Node.js, Electron, or the extension host of an editor, which is Electron or Node.js. */
export function defaultLaunch(surroundings: Surroundings = process, utilityProcess?: UtilityProcess): Launch {
  let way: Promise<Way> | undefined;
  return async () => {
    way ??= wayOf(surroundings);
    const [chosen, file] = [await way, sidecarFile(import.meta.url, surroundings.resourcesPath)];
    if (chosen.kind === 'node') return launchNode({ ...chosen, file })();
    return launchUtilityProcess({ utilityProcess, file })();
  };
}

/** What runs the sidecar. Throws a sentence where nothing can. */
export async function wayOf(surroundings: Surroundings): Promise<Way> {
  const { versions, type, execPath, env, platform } = surroundings;
  assertNewEnough(versions);
  if (versions.electron === undefined) return { kind: 'node', node: execPath };
  // As editors start their language servers: without it Electron would start the app a second time.
  const asNode: Way = { kind: 'node', node: execPath, env: { ...env, ELECTRON_RUN_AS_NODE: '1' } };
  const runsAsNodeItself = type === undefined;
  if (runsAsNodeItself) return asNode;
  const fuse = await readRunAsNodeFuse(fusedBinary(execPath, platform));
  if (fuse === 'on') return asNode;
  if (type === 'browser') return { kind: 'utilityProcess' };
  throw new Error(
    `This Electron app ${fuse === 'off' ? 'does not run as Node.js (its runAsNode fuse is off)' : `may or may not run as Node.js (no fuses were found in ${fusedBinary(execPath, platform)})`}, and only its main process has utilityProcess: start the sidecar there, or use launchNode({ node }) with a Node.js of your own.`,
  );
}

function assertNewEnough({ node, electron }: Surroundings['versions']): void {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return;
  const ours = electron === undefined ? `This is Node.js ${node}` : `Electron ${electron} brings Node.js ${node}`;
  const newer = electron === undefined ? 'run it on a newer one' : 'use Electron 35 or newer';
  throw new Error(
    `${ours}, and the sidecar needs ${oldest.major}.${oldest.minor}: ${newer}, or use launchNode({ node }) with another Node.js.`,
  );
}

const oldest = { major: 22, minor: 12 };
