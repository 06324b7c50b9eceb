import { soakContainment } from '../test/soak/containment.ts';
import { soakFlood } from '../test/soak/flood.ts';
import { soakHostDeaths } from '../test/soak/hostDeath.ts';
import { soakInstances } from '../test/soak/instance.ts';
import { soakLoad } from '../test/soak/load/soak.ts';

/*
 * What takes too long for `npm test`, on the built sidecar: `npm run soak -- containment 200`, `hostDeath 300` and `instance 50` play their
 * scenes that many rounds, `load 60` lasts that many seconds, `flood 1000` is of that many megabytes. `containment 200 'cgroup: stop' 'not root'` plays only the
 * cells in whose names one of these texts is.
 */

const soaks: Record<string, (amount: number, wanted: string[]) => Promise<void>> = {
  containment: soakContainment,
  flood: soakFlood,
  hostDeath: soakHostDeaths,
  instance: soakInstances,
  load: soakLoad,
};
const defaults: Record<string, number> = { containment: 200, flood: 1_000, hostDeath: 300, instance: 50, load: 60 };

const [name = 'containment', amount = defaults[name], ...wanted] = process.argv.slice(2);
const soak = soaks[name];
if (soak === undefined) throw new Error(`There is no soak ${name}; there are ${Object.keys(soaks).join(', ')}.`);
await soak(Number(amount), wanted);
