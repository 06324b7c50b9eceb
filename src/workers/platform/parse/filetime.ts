/** A FILETIME, units of 100 ns since 1601, as epoch ms. */
export const filetimeToEpochMs = (filetime: bigint): number => Number((filetime - unixEpoch) / 10_000n);

/** A duration in such units, in ms. */
export const filetimeToMs = (duration: bigint): number => Number(duration) / 10_000;

const unixEpoch = 116_444_736_000_000_000n;
