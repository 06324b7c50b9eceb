import { renderOutcomes } from '../outcomes.ts';
import type { SidecarConnection } from '../sidecar.ts';
import { paint } from '../terminal.ts';
import { escapeControls } from '../text.ts';
import type { Actor } from './scene.ts';
import { heading, say, timed, width } from './stage.ts';

/** Somebody holds the port and ignores SIGTERM: both rungs of the ladder, as they are told. */
export async function evictStubborn(sidecar: SidecarConnection, { port, pids }: Actor): Promise<void> {
  const plan = await sidecar.call('port/kill', { port, graceMs, dryRun: true });
  const shown = plan.outcomes.map(({ process }) => process.pid);
  if (shown.join() !== pids.join())
    throw new Error(`Port ${port} is held by pid ${pids.join()}, and the plan names ${shown.join()}: that is a bug.`);
  heading(`port/kill ${port}, a dry run with ${graceMs} ms of grace: who would be touched?`, null);
  for (const line of renderOutcomes(plan.outcomes, look)) say(line);

  const rungs: string[] = [];
  const startedAt = performance.now();
  const stopListening = sidecar.on('$/progress', ({ value }) => {
    if (value.kind === 'report')
      rungs.push(`$/progress, after ${Math.round(performance.now() - startedAt)} ms: ${escapeControls(value.message ?? '')}`);
  });
  const execute = () => sidecar.call('port/kill', { planId: plan.planId, workDoneToken: 'eviction' });
  const { value, ms } = await timed(execute).finally(stopListening);
  heading('port/kill, the plan: exactly those', ms);
  for (const line of [...rungs, ...renderOutcomes(value.outcomes, look)]) say(line);
  if (!value.freed) throw new Error(`Port ${port} is still held (${value.cause}): that is a bug.`);
  say(`freed: ${value.freed}; the answer came when it was gone, not when it was signalled`);
}

const graceMs = 500;
const look = { width, heading: (text: string) => paint('dim', text) };
