/** Waits for a condition with a deadline: the only way a test waits. Resolves with the first truthy value. */
export async function until<Value>(
  condition: () => Value | Promise<Value>,
  what: string,
  deadlineMs = process.env.SIDEWARDEN_WINE === undefined ? 10_000 : 40_000,
): Promise<NonNullable<Value>> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<Value>;
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
