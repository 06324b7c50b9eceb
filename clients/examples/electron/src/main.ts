import { join } from 'node:path';
import { app, BrowserWindow, dialog } from 'electron';
import { Sidecar } from 'sidewarden/client';
import { startBackend } from './backend.js';

/* The main process: one window that shows what a backend serves. Whatever ends this app, the backend ends with it. */

await app.whenReady();
const sidecar = await Sidecar.spawn({ appId: 'org.example.notes', options: { stateDir: join(app.getPath('userData'), 'sidecar') } });
const { acquired } = await sidecar.instance.acquire({ payload: { argv: process.argv } });
if (acquired) await run();
else await end();

async function run(): Promise<void> {
  sidecar.on('ended', ({ error }) => {
    dialog.showErrorBox('The backend is no longer supervised', error.message);
    app.exit(1);
  });
  // What a run that crashed may have left.
  await sidecar.cleanup.run();
  const url = await startBackend(sidecar);
  // Runs while the backend still answers; it is stopped behind this.
  sidecar.onShutdown('save notes', async () => void (await fetch(new URL('/save', url), { method: 'POST' })), { timeoutMs: 3_000 });

  const window = new BrowserWindow({ width: 900, height: 600 });
  sidecar.onSecondInstance(() => {
    window.focus();
    return { handled: true };
  });
  app.on('window-all-closed', () => app.quit());
  app.once('will-quit', (event) => {
    event.preventDefault();
    void end();
  });
  await window.loadURL(url);
}

async function end(): Promise<void> {
  await sidecar.close({ reason: 'quit' });
  app.exit();
}
