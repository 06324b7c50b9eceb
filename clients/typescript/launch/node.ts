import { launchCommand } from './command.ts';
import { sidecarFile } from './files.ts';
import type { Launch } from './launch.ts';

export interface NodeLaunchOptions {
  /** The Node.js that runs the sidecar, 22.12 or newer; our own. */
  node?: string | undefined;
  /** The sidecar's file, where a bundler has put it elsewhere: `dist/bin.js` of the package. */
  file?: string | undefined;
  /** Further arguments: `--log-level=info`. */
  args?: string[] | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/** Starts the sidecar with Node.js, over its stdin and stdout. */
export function launchNode({ node = process.execPath, file, args = [], env }: NodeLaunchOptions = {}): Launch {
  return () => launchCommand({ command: node, args: [file ?? sidecarFile(), '--stdio', ...args], env })();
}
