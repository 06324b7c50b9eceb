/** Where our other files are: beside us in the bundle, in their own rooms in the source tree. */
export interface BuiltFiles {
  jobWorker: URL;
  guardScript: URL;
  openrpc: URL;
}

export function locateFiles(platform: NodeJS.Platform): BuiltFiles {
  const here = import.meta.url;
  const isSource = here.endsWith('.ts');
  const guard = platform === 'darwin' ? 'guardDarwin.sh' : 'guard.sh';
  return {
    jobWorker: new URL(isSource ? '../workers/entry.ts' : './jobWorker.js', here),
    guardScript: new URL(isSource ? `./supervisor/containment/${guard}` : `./${guard}`, here),
    openrpc: new URL(isSource ? '../../clients/spec/openrpc.json' : './openrpc.json', here),
  };
}
