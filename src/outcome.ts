import { type Failure, SidewardenError } from './protocol/errors.ts';

/** A result that may cross threads: structured clone strips an Error of its class, code and data. */
export type Outcome<Value> = { ok: true; value: Value } | { ok: false; failure: Failure };

export const ok = <Value>(value: Value): Outcome<Value> => ({ ok: true, value });

/** The value, or the failure thrown as the error it stands for. */
export function unwrap<Value>(outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value;
  throw new SidewardenError(outcome.failure);
}

/** Runs `body`; a SidewardenError becomes a failure, anything else is a bug and goes on as it is. */
export async function capture<Value>(body: () => Value | Promise<Value>): Promise<Outcome<Value>> {
  try {
    return ok(await body());
  } catch (error) {
    if (error instanceof SidewardenError) return { ok: false, failure: error.failure };
    throw error;
  }
}
