import { isSidecarError, Sidecar } from 'sidewarden/client';
import * as vscode from 'vscode';
import { freePort } from './freePort.js';

/* Two commands about ports. The sidecar is started with the first of them, and ends with the extension host. */

let sidecar: Promise<Sidecar> | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Ports', { log: true });
  const start = () => {
    const stateDir = vscode.Uri.joinPath(context.globalStorageUri, 'sidecar').fsPath;
    sidecar ??= Sidecar.spawn({ appId: context.extension.id, options: { stateDir }, onLog: (line) => log.debug(line) });
    // One that could not be started is tried again with the next command.
    sidecar.catch(() => (sidecar = undefined));
    return sidecar;
  };
  const command = (name: string, run: (sidecar: Sidecar, port: number) => Promise<string>) =>
    vscode.commands.registerCommand(name, async (given?: number) => {
      const port = given ?? (await askForPort());
      if (port === undefined) return undefined;
      try {
        const sentence = await run(await start(), port);
        void vscode.window.showInformationMessage(sentence);
        return sentence;
      } catch (error) {
        if (isSidecarError(error, 'RequestCancelled')) return undefined;
        void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
        throw error;
      }
    });

  context.subscriptions.push(
    log,
    command('ports.explain', async ({ port: ports }, port) => (await ports.explain({ port })).summary),
    command('ports.free', freePort),
  );
}

export async function deactivate(): Promise<void> {
  await (await sidecar?.catch(() => undefined))?.close();
}

async function askForPort(): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    prompt: 'Which port?',
    validateInput: (value) => (Number(value) >= 1 && Number(value) <= 65_535 ? undefined : 'A port is a number from 1 to 65535.'),
  });
  return text === undefined ? undefined : Number(text);
}
