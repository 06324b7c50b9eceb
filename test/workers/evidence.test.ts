import { appendFileSync, closeSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Evidence } from '../../src/workers/evidence.ts';
import { createPlatform } from '../../src/workers/platform/index.ts';
import { createCount } from '../../src/workers/sharedCount.ts';
import { checkEvidence } from '../../src/workers/tasks/checkEvidence.ts';
import { groundEvidence } from '../../src/workers/tasks/groundEvidence.ts';
import { onLinux } from '../harness/only.ts';
import { nativeModes, start } from './processScenes.ts';

onLinux(describe).each(nativeModes)('what knowledge rests on, native %s', (native) => {
  const platform = createPlatform('linux', { native });

  test('stands while nothing happens, however often it is asked', async () => {
    const scene = createScene();
    const evidence = scene.ground();
    expect(evidence.ground.kind).toBe(native ? 'watched' : 'stamped');
    for (let time = 0; time < 3; time += 1) expect(await scene.isStanding(evidence)).toBe(true);
  });

  test.each<[string, (paths: Paths) => void]>([
    ['a file is written to', ({ file }) => appendFileSync(file, 'more')],
    ['a file is removed', ({ file }) => rmSync(file)],
    ['a file takes the place of another', ({ file, place }) => renameSync(write(join(place, 'new')), file)],
    ['a file comes into a directory', ({ directory }) => void write(join(directory, 'new'))],
    ['a file leaves a directory', ({ directory, place }) => renameSync(join(directory, 'old'), join(place, 'old'))],
    ['a directory comes that was not there', ({ absent }) => mkdirSync(absent, { recursive: true })],
    [
      'the place becomes another directory',
      ({ place }) => {
        renameSync(place, `${place}.moved`);
        mkdirSync(place);
      },
    ],
    ['what the place is in is moved', ({ place }) => renameSync(join(place, '..'), `${join(place, '..')}.moved`)],
  ])('%s: it stands no longer', async (_what, change) => {
    const scene = createScene();
    const evidence = scene.ground();
    change(scene.paths);
    expect(await scene.isStanding(evidence)).toBe(false);
    expect(await scene.isStanding(evidence)).toBe(false);
  });

  test('what rests on an earlier look does not stand because a later one began', async () => {
    const scene = createScene();
    const earlier = scene.ground();
    appendFileSync(scene.paths.file, 'more');
    const later = scene.ground();
    expect(await scene.isStanding(earlier)).toBe(false);
    expect(await scene.isStanding(later)).toBe(true);
  });

  test('one has ended on whom it rests', async () => {
    const scene = createScene();
    const one = await start('sleep', ['600']);
    const identity = (await platform.processes.identify(one.pid)) as string;
    const evidence = scene.ground([{ pid: one.pid, identity }]);
    expect(await scene.isStanding(evidence)).toBe(true);
    await one.kill();
    expect(await scene.isStanding(evidence)).toBe(false);
  });

  test('what cannot be watched is looked at', async () => {
    const scene = createScene();
    const unwatched = { ...platform, fileChanges: platform.fileChanges && { ...platform.fileChanges, watch: noWatch } };
    const { ground } = groundEvidence({ sources: scene.sources, beginnings: createCount(), descriptor: null }, unwatched);
    const evidence = { ground, alive: [] };
    expect(ground.kind).toBe('stamped');
    expect(await scene.isStanding(evidence)).toBe(true);
    appendFileSync(scene.paths.file, 'more');
    expect(await scene.isStanding(evidence)).toBe(false);
  });

  function createScene() {
    const above = mkdtempSync(join(tmpdir(), 'sidewarden-evidence-'));
    const place = join(above, 'home', 'place');
    const directory = join(place, 'apps');
    mkdirSync(directory, { recursive: true });
    const paths = { place, directory, absent: join(place, 'not', 'there'), file: write(join(place, 'file')) };
    write(join(directory, 'old'));
    const sources = { places: [place], directories: [directory, paths.absent], files: [paths.file] };
    const beginnings = createCount();
    let descriptor: number | null = null;
    onTestFinished(() => {
      if (descriptor !== null) closeSync(descriptor);
      rmSync(above, { recursive: true });
    });
    return {
      paths,
      sources,
      ground(alive: Evidence['alive'] = []): Evidence {
        const grounded = groundEvidence({ sources, beginnings, descriptor }, platform);
        descriptor = grounded.descriptor;
        return { ground: grounded.ground, alive };
      },
      isStanding: (evidence: Evidence) => checkEvidence({ evidence }, platform),
    };
  }
});

interface Paths {
  place: string;
  directory: string;
  absent: string;
  file: string;
}

const noWatch = () => ({ descriptor: null, isWhole: false });

function write(path: string): string {
  writeFileSync(path, 'text');
  return path;
}
