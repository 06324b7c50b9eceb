import { soakContainment } from '../test/soak/containment.ts';
import { soakHostDeaths } from '../test/soak/hostDeath.ts';

/* What takes too long for `npm test`: `npm run soak -- containment 200` plays a scenario that many rounds, on the built sidecar. */

const soaks: Record<string, (rounds: number) => Promise<void>> = { containment: soakContainment, hostDeath: soakHostDeaths };

const [name = 'containment', rounds = '200'] = process.argv.slice(2);
const soak = soaks[name];
if (soak === undefined) throw new Error(`There is no soak ${name}; there are ${Object.keys(soaks).join(', ')}.`);
await soak(Number(rounds));
