/** A process all of whose threads have stopped, or ended. */
export interface AtRest {
  /** False when it has ended. */
  isStopped: boolean;
  /** Whether it has no child, and leads neither a group nor a session. False where the system does not tell. Asked while it still rests. */
  isAlone(): boolean;
}
