import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Connection, type Patience } from "./connection.ts";
import type { CardCall, HostMessage, HostRequest } from "./nfc-pcsc-wire.ts";
import { type CardProtocol, PcscFault, pcscFault, type ReaderState } from "./port.ts";

export interface HostAnswer {
  readonly bytes: Uint8Array;
  readonly protocol: CardProtocol;
}

/** The process that holds nfc-pcsc, seen from here. A fault ends it for good. */
export class HostLink {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { readonly call: string; readonly answer: PromiseWithResolvers<HostAnswer> }>();
  readonly #exited: Promise<unknown>;
  #states: readonly ReaderState[] = [];
  #ready = false;
  #fault: PcscFault | null = null;
  #next = 0;
  #news = Promise.withResolvers<void>();

  /**
   * Starts the process for the pcscd at `socket` and resolves when it knows the readers. Faults as `establish` does:
   * `no_service` and its kin from a look at the socket, since the binding itself would hang; `driver_missing`.
   */
  static async start(socket: string, patience: Patience): Promise<HostLink> {
    const look = await Connection.open(socket, patience);
    look.close();
    const link = new HostLink(socket);
    try {
      await link.until(() => link.#ready, { ...patience, call: "start nfc-pcsc" });
      if (!link.#ready) throw new PcscFault("timeout", `nfc-pcsc: not ready within ${patience.deadlineMs} ms`);
      return link;
    } catch (fault) {
      await link.end();
      throw fault;
    }
  }

  private constructor(socket: string) {
    // Beside this file, in the source as in a bundle.
    const host = import.meta.url.endsWith(".ts") ? "./nfc-pcsc-host.ts" : "./nfc-pcsc-host.mjs";
    const path = fileURLToPath(new URL(host, import.meta.url));
    this.#child = spawn(process.execPath, [path], {
      env: { ...process.env, PCSCLITE_CSOCK_NAME: socket },
      // nfc-pcsc prints to the console for some readers.
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      serialization: "advanced",
    });
    this.#child.on("message", (message: HostMessage) => this.#take(message));
    this.#child.on("error", (cause) => this.#break(new PcscFault("internal_error", "nfc-pcsc: no process", { cause })));
    this.#exited = once(this.#child, "exit").then(
      () => this.#break(new PcscFault("internal_error", "nfc-pcsc: its process ended")),
      () => undefined,
    );
  }

  /** Null while it can be used. */
  get fault(): PcscFault | null {
    return this.#fault;
  }

  /** All readers, as of the latest news. */
  get states(): readonly ReaderState[] {
    return this.#states;
  }

  /** One call to a card. A call that passes its deadline ends the process: nothing else frees a blocked binding. */
  async ask(call: CardCall, deadlineMs: number): Promise<HostAnswer> {
    if (this.#fault !== null) throw this.#fault;
    this.#next += 1;
    const request: HostRequest = { ...call, id: this.#next };
    const answer = Promise.withResolvers<HostAnswer>();
    this.#waiting.set(request.id, { call: call.call, answer });
    const timer = setTimeout(() => {
      this.#break(new PcscFault("timeout", `${call.call}: no answer within ${deadlineMs} ms`));
    }, deadlineMs);
    this.#child.send(request);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(request.id);
    }
  }

  /** Resolves when `test` holds after some news, or when time is up. Faults: the link's, `cancelled`. */
  async until(test: () => boolean, patience: Patience & { readonly call: string }): Promise<void> {
    const { deadlineMs, signal, call } = patience;
    const wake = () => this.#wake();
    // Not the clock: a timer may fire a moment before the clock has got there, and would then have woken us for nothing.
    let late = deadlineMs <= 0;
    const timer = setTimeout(() => {
      late = true;
      wake();
    }, deadlineMs);
    signal?.addEventListener("abort", wake, { once: true });
    try {
      for (;;) {
        const { promise } = this.#news;
        if (signal?.aborted === true) throw new PcscFault("cancelled", call);
        if (this.#fault !== null) throw this.#fault;
        if (test() || late) return;
        await promise;
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
    }
  }

  /** Ends the process and resolves when it is gone. */
  async end(): Promise<void> {
    this.#break(new PcscFault("invalid_handle", "nfc-pcsc was released"));
    await this.#exited;
  }

  #take(message: HostMessage): void {
    switch (message.kind) {
      case "ready":
        this.#ready = true;
        break;
      case "states":
        this.#states = message.states;
        break;
      case "absent":
        this.#break(new PcscFault("driver_missing", `nfc-pcsc cannot be loaded: ${message.detail}`));
        break;
      case "lost":
        this.#break(pcscFault(message.number, "nfc-pcsc"));
        break;
      case "done":
        this.#waiting.get(message.id)?.answer.resolve(message);
        break;
      case "failed": {
        const waiter = this.#waiting.get(message.id);
        waiter?.answer.reject(pcscFault(message.number, waiter.call));
        break;
      }
    }
    this.#wake();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  #break(fault: PcscFault): void {
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#child.kill("SIGKILL");
    for (const { answer } of this.#waiting.values()) answer.reject(fault);
    this.#wake();
  }
}
