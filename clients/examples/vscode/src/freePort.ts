import { basename } from 'node:path';
import type { Sidecar, types } from 'sidewarden/client';
import * as vscode from 'vscode';

/** Looks first, asks by name, and ends exactly whom it has asked about: somebody who takes the port meanwhile is left alone. */
export async function freePort({ port: ports }: Sidecar, port: number): Promise<string> {
  const { outcomes, planId } = await ports.kill({ port, dryRun: true });
  const planned = outcomes.filter(({ outcome }) => outcome === 'planned').map(({ process }) => describe(process));
  if (planId === undefined || planned.length === 0) return (await ports.explain({ port })).summary;
  const answer = await vscode.window.showWarningMessage(`End ${planned.join(', ')}?`, { modal: true }, 'End');
  if (answer !== 'End') return 'Nobody was ended.';

  const cancelling = new AbortController();
  const options = { location: vscode.ProgressLocation.Notification, cancellable: true, title: `Freeing port ${port}` };
  const { freed } = await vscode.window.withProgress(options, (progress, token) => {
    token.onCancellationRequested(() => cancelling.abort());
    const onProgress = ({ message }: { message?: string | undefined }) => progress.report({ message: message ?? '' });
    return ports.kill({ planId }, { signal: cancelling.signal, onProgress });
  });
  return freed ? `Port ${port} is free.` : (await ports.explain({ port })).summary;
}

/** A Node.js program names itself after its thread; its command line says more. */
const describe = ({ pid, name, commandLine }: types.KillSubject) => `${commandLine?.[0] ? basename(commandLine[0]) : name} (${pid})`;
