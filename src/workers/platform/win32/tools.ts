import { systemDirectory } from '../../../native/win32/systemDirectory.ts';
import { fail } from '../../../protocol/errors.ts';
import { runToolHere } from '../../exec.ts';

export type ToolName = 'netsh' | 'netstat';

/** What a tool of Windows prints, where it can be run and says that it has done it. Only ASCII of it means anything: the rest is of a code page. */
export function runSystemTool(name: ToolName, args: readonly string[]): string {
  directory ??= systemDirectory() ?? directoryOfReport();
  const { code, stdout } = runToolHere({
    path: `${directory}\\${name}.exe`,
    args,
    about: { capability: capabilities[name], platform: 'win32' },
  });
  if (code !== 0) {
    throw fail('Unsupported', `Here sidewarden has to ask ${name}.exe, and that ended with ${code}.`, {
      capability: capabilities[name],
      platform: 'win32',
    });
  }
  return Buffer.from(stdout).toString('latin1');
}
let directory: string | undefined;

const capabilities: Record<ToolName, string> = { netsh: 'portRules', netstat: 'sockets' };

/** Without native calls: where the library is that every process has, so that no environment decides which program is run. */
function directoryOfReport(): string {
  const { report } = process;
  // Else it looks up the names of those we are connected with.
  Object.assign(report, { excludeNetwork: true });
  const { sharedObjects = [] } = report.getReport() as { sharedObjects?: string[] };
  const library = sharedObjects.find((path) => /\\ntdll\.dll$/i.test(path));
  return library?.replace(/\\[^\\]*$/, '') ?? 'C:\\Windows\\System32';
}
