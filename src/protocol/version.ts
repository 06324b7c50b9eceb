/** The protocol versions this build speaks; the highest that both sides know is chosen at `initialize`. */
export const protocolVersions = { min: 1, max: 1 } as const;
