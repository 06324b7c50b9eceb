import { parseArgs } from 'node:util';
import type { Params, Result } from '../../../src/protocol/methods/index.ts';
import { watchAct } from '../act.ts';
import { parsePid, parsePort } from '../arguments.ts';
import { type Consent, carryOut, type Killing } from '../carryOut.ts';
import { withSidecar } from '../connect.ts';
import { type ExitCode, exitCode, UsageError } from '../exitCode.ts';
import { killArguments, readKillParams } from '../killArguments.ts';
import { exitCodeOf, printOutcomes } from '../outcomes.ts';
import { type PortParams, portExitCode, portKilling, portVerdict } from '../portKill.ts';
import type { SidecarConnection } from '../sidecar.ts';
import { isInteractive, print, printJson } from '../terminal.ts';

/** Ends the holders of a port, or one process with its descendants, after asking. */
export async function kill(args: string[]): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    allowNegative: true,
    options: { ...killArguments, pid: { type: 'string' } },
  });
  const params = readKillParams(values);
  if (values.pid !== undefined) {
    if (positionals.length > 0) throw new UsageError('Either a port or --pid: one of them at a time.');
    if (values.udp || values.expect !== undefined) throw new UsageError('--udp and --expect belong to a port; a pid has neither.');
    return killProcess({ ...params, target: { kind: 'process', pid: parsePid(values.pid) } }, values);
  }
  const port = parsePort(positionals, 'kill');
  const expect = values.expect === undefined ? undefined : { name: values.expect };
  return killHolders({ ...params, port, protocol: values.udp ? 'udp' : 'tcp', expect }, values);
}

async function killHolders(params: PortParams, consent: Consent): Promise<ExitCode> {
  const { stage, answer } = await withSidecar((sidecar) => carryOut(portKilling(sidecar, params, consent), consent));
  if (consent.json) printJson(answer);
  else if (stage === 'done') printOutcomes(answer);
  if (stage === 'refused') return exitCode.refused;
  const code = portExitCode(answer, stage === 'done');
  const hint = code === exitCode.none ? ` The process with that pid is ended with: sidewarden kill --pid ${params.port}` : '';
  if (!consent.json && (stage === 'done' || answer.outcomes.length === 0)) print(portVerdict(params, answer) + hint);
  return code;
}

async function killProcess(params: Params<'process/kill'>, consent: Consent): Promise<ExitCode> {
  const { stage, answer } = await withSidecar((sidecar) => carryOut(processKilling(sidecar, params, consent), consent));
  if (consent.json) printJson(answer);
  else if (stage === 'done') printOutcomes(answer);
  return stage === 'refused' ? exitCode.refused : exitCodeOf(answer.outcomes);
}

function processKilling(
  sidecar: SidecarConnection,
  params: Params<'process/kill'>,
  { json = false }: Consent,
): Killing<Result<'process/kill'>> {
  const act = (what: Params<'process/kill'>) =>
    watchAct(sidecar, { isQuiet: json || !isInteractive() }, ({ workDoneToken, signal }) =>
      sidecar.call('process/kill', { ...what, workDoneToken }, { signal }),
    );
  return {
    plan: (options) => sidecar.call('process/kill', { ...params, ...options, dryRun: true }),
    execute: (planId) => act({ planId }),
    direct: () => act(params),
  };
}
