/** The bytes of one connection, whatever carries them. */
export interface Transport {
  /** Begins reading. Called once. */
  open(handlers: TransportHandlers): void;
  pause(): void;
  resume(): void;
  /** Hands bytes to the system; `done` is called when they were taken, or could not be. */
  write(chunk: Buffer, done: (error?: Error | null) => void): void;
  /** Ends reading, so that an open input cannot keep the process alive. */
  close(): void;
}

export interface TransportHandlers {
  onData(chunk: Buffer): void;
  /** No more input: its end, or an error that means the same. */
  onEnd(): void;
}
