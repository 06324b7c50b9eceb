import { describe, expect, test } from 'vitest';
import { createLiveLists, type LiveList } from '../../src/server/ledger/liveLists.ts';
import type { Evidence } from '../../src/workers/evidence.ts';

const evidence: Evidence = { ground: { kind: 'stamped', sources: { places: [], files: [], directories: [] }, stamp: '' }, alive: [] };

describe('the lists of live sidecars', () => {
  test('48 who ask while one reading is under way share the next one', async () => {
    const scene = openScene();
    const first = scene.lists.listLive();
    const others = Array.from({ length: 48 }, () => scene.lists.listLive());
    expect(scene.readings).toHaveLength(1);
    await scene.finish(0);
    expect(await first).toBe(scene.readings[0]?.list.sidecars);
    await scene.begun(2);
    await scene.finish(1);
    for (const list of await Promise.all(others)) expect(list).toBe(scene.readings[1]?.list.sidecars);
    expect(scene.readings).toHaveLength(2);
  });

  test('a list is kept while what it rests on stands, and read anew when it has fallen', async () => {
    const scene = openScene();
    const first = scene.lists.listLive();
    await scene.finish(0);
    await first;
    expect(await scene.lists.listLive()).toBe(await first);
    expect((await scene.lists.recallLive()).sidecars).toBe(await first);
    scene.isStanding = false;
    const second = scene.lists.listLive();
    await scene.begun(2);
    await scene.finish(1);
    expect(await second).not.toBe(await first);
  });

  test('what changed while it was read is good for once, and not recalled', async () => {
    const scene = openScene();
    const first = scene.lists.recallLive();
    await scene.finish(0, null);
    expect((await first).evidence).toBeNull();
    const second = scene.lists.recallLive();
    await scene.begun(2);
    await scene.finish(1);
    expect((await second).sidecars).toBe(scene.readings[1]?.list.sidecars);
  });

  test('a reading that fails fails for those who asked for it, and the next one is read', async () => {
    const scene = openScene();
    const first = scene.lists.listLive();
    const second = scene.lists.listLive();
    scene.readings[0]?.fail(new Error('the disk is gone'));
    await expect(first).rejects.toThrow('the disk is gone');
    await scene.begun(2);
    await scene.finish(1);
    expect(await second).toBe(scene.readings[1]?.list.sidecars);
  });
});

interface Reading {
  list: LiveList;
  resolve: () => void;
  fail: (error: Error) => void;
}

function openScene() {
  const readings: Reading[] = [];
  const isStanding = async (): Promise<boolean> => scene.isStanding;
  const lists = createLiveLists(() => {
    const { promise, resolve, reject } = Promise.withResolvers<LiveList>();
    const list: LiveList = { sidecars: [], evidence };
    readings.push({ list, resolve: () => resolve(list), fail: reject });
    return promise;
  }, isStanding);
  const scene = {
    readings,
    lists,
    isStanding: true,
    async finish(index: number, rests: Evidence | null = evidence) {
      const reading = readings[index];
      if (!reading) throw new Error(`reading ${index} has not begun`);
      reading.list.evidence = rests;
      reading.resolve();
    },
    async begun(count: number) {
      for (let turn = 0; turn < 10 && readings.length < count; turn += 1) await Promise.resolve();
      expect(readings).toHaveLength(count);
    },
  };
  return scene;
}
