/** The bytes of one connection, whatever carries them. */
export interface Transport {
  /** `bytes`: a stream, in which a framing tells messages apart. `messages`: each chunk, either way, is the JSON text of one message. */
  readonly carries: 'bytes' | 'messages';
  /** Begins reading. Called once. */
  open(handlers: TransportHandlers): void;
  pause(): void;
  resume(): void;
  /** Hands bytes to the system; `done` is called when they were taken, or could not be. */
  write(chunk: Buffer, done: (error?: Error | null) => void): void;
  /** Ends reading, so that an open input cannot keep the process alive; and where the host waits for that, tells it that no more comes. */
  close(): void;
}

export interface TransportHandlers {
  onData(chunk: Buffer): void;
  /** No more input: its end, or an error that means the same. */
  onEnd(): void;
}
