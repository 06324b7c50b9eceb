import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Driver, startDriver } from '../../clients/conformance/runner/driver.ts';
import { play, type Scenario, type Scene } from '../../clients/conformance/runner/play.ts';
import { only } from '../harness/only.ts';
import { root, sidewardenCommand } from '../harness/sidecar.ts';
import { drivers } from './drivers.ts';
import { type FramingVector, framingScenario } from './framing.ts';

/* Every client, in the same conversations: with a scripted sidecar, then with the real one. */

const read = <Value>(file: string) => JSON.parse(readFileSync(`${root}clients/conformance/${file}`, 'utf8')) as Value;
const { scenarios, initializeResult } = read<{ scenarios: Scenario[]; initializeResult: NonNullable<Scene['initializeResult']> }>(
  'scenarios.json',
);
const real = read<{ scenarios: Scenario[] }>('realScenarios.json').scenarios;
const { roundTrips } = read<{ roundTrips: { name: string; type: string; value: unknown }[] }>('roundTrips.json');

/** A client trusts its sidecar further than a sidecar its client: what is refused or ignored is between those two. */
const vectors = read<{ vectors: FramingVector[] }>('framing.json').vectors.filter(
  ({ framing, input, expect: kinds }) =>
    framing === 'lsp' &&
    // The answer to initialize is the first header.
    input[0]?.text?.startsWith('\r\n') !== true &&
    kinds.every(({ kind }) => ['request', 'notification', 'response', 'broken'].includes(kind)) &&
    kinds.some(({ kind }) => kind === 'request' || kind === 'broken') &&
    JSON.stringify(input).length < 20_000 &&
    input.every(({ repeat = 1 }) => repeat < 20_000),
);

const stateDir = mkdtempSync(join(tmpdir(), 'sidewarden-conformance-'));
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

describe.each(drivers)('$name', ({ name, command, why }) => {
  let driver: Driver;
  const scene = () => ({ driver, appId: `conformance.${name}.${process.pid}`, stateDir, patience: 5 });

  beforeEach(async () => {
    driver = await startDriver(command, { cwd: root });
  });
  afterEach(() => driver[Symbol.asyncDispose]());

  only(why === null, String(why))(describe)(`with a scripted sidecar${why ?? ''}`, () => {
    test.for(scenarios)('$name', async (scenario, { skip }) => {
      if (scenario.needs !== undefined && !driver.features.includes(scenario.needs)) skip(`this client has no ${scenario.needs}`);
      await play(scenario, { ...scene(), initializeResult });
    });
  });

  only(why === null, String(why))(describe)(`with the bytes of framing.json${why ?? ''}`, () => {
    test.each(vectors.map((vector) => ({ name: vector.name, vector })))('$name', async ({ name: title, vector }) => {
      for (const cut of [undefined, 1]) await play(framingScenario(title, vector, cut), { ...scene(), initializeResult });
    });
  });

  only(why === null, String(why))(describe)(`with the real sidecar${why ?? ''}`, () => {
    test.each(real)('$name', async (scenario) => {
      await play(scenario, { ...scene(), realCommand: [process.execPath, ...sidewardenCommand().slice(1), '--stdio'] });
    });
  });

  only(why === null, String(why))(test)('decodes what is of the future, and gives it back as it was', async () => {
    for (const { name: what, type, value } of roundTrips) {
      const { ok, error } = await driver.command({ do: 'decode', type, value }).next(what);
      expect({ what, ok, error }).toEqual({ what, ok: value, error: undefined });
    }
  });
});
