import { type Emitter, notice } from '../emitter.ts';
import { errorsFile } from './errors.ts';
import { methodsFile } from './methods.ts';
import { tablesFile } from './tables.ts';
import { typesFile } from './types.ts';

/** Dataclasses and two sets of methods, for threads and for asyncio. Nothing here is imported by a user under its own name. */
export const python: Emitter = {
  folder: 'clients/python/src/sidewarden/generated/',
  emit: (model) => ({
    '__init__.py': `# ${notice}\n`,
    'types.py': typesFile(model),
    'errors.py': errorsFile(model),
    'tables.py': tablesFile(model),
    'methods.py': methodsFile(model, 'blocking'),
    'async_methods.py': methodsFile(model, 'async'),
  }),
};
