/** Wakes whoever waits. One waiter at a time; a ring that nobody waited for is kept for the next one. */
export class Bell {
  #rung = false;
  #wake: () => void = () => {};

  readonly ring = (): void => {
    this.#rung = true;
    this.#wake();
  };

  /** Resolves at the next ring, at once if one was kept, or when `signal` aborts. */
  readonly next = async (signal: AbortSignal): Promise<void> => {
    const woken = Promise.withResolvers<void>();
    const wake = (): void => woken.resolve();
    this.#wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    if (this.#rung || signal.aborted) wake();
    await woken.promise;
    signal.removeEventListener("abort", wake);
    this.#rung = false;
  };

  /** As `next`, but only for a ring from now on. */
  readonly nextFresh = (signal: AbortSignal): Promise<void> => {
    this.#rung = false;
    return this.next(signal);
  };
}
