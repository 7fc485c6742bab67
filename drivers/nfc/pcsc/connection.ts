import { connect, type Socket } from "node:net";
import { type AnswerFormat, answerMax, bad, type Exchange, readAnswer } from "./frames.ts";
import { type PcscCode, PcscFault, pcscFault } from "./port.ts";

/** Bounds of one wait. */
export interface Patience {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/**
 * One connection to pcscd, one call at a time. A code that pcscd returns leaves it usable; every other fault (deadline,
 * abort, lost service, nonsense) closes it, so that nothing stays open and no late answer is taken for another's.
 */
export class Connection {
  readonly #socket: Socket;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  /** Looking at fewer bytes than this makes no sense. */
  #bytesWanted = 0;
  #fault: PcscFault | null = null;
  #busy = false;
  #wake: () => void = () => undefined;

  /**
   * Connects to the Unix socket at `path`. Faults: `no_service` when nobody listens, `security_violation` when the file
   * system forbids, `server_too_busy`, `timeout`, `cancelled`.
   */
  static async open(path: string, patience: Patience): Promise<Connection> {
    const connection = new Connection(path);
    await connection.#until(`connect to ${path}`, patience, () => (connection.#socket.connecting ? undefined : true));
    return connection;
  }

  private constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.on("connect", () => this.#wake());
    this.#socket.on("data", (chunk) => this.#take(chunk));
    this.#socket.on("error", (cause: NodeJS.ErrnoException) => {
      this.#break(new PcscFault(socketCode(cause.code), `pcscd at ${path}`, { cause }));
    });
    this.#socket.on("close", () => this.#break(new PcscFault("service_stopped", "pcscd closed the connection")));
  }

  /** Null while it can be used. */
  get fault(): PcscFault | null {
    return this.#fault;
  }

  /** Sends one request and waits for its answer. */
  async call<Answer>(exchange: Exchange<Answer>, patience: Patience): Promise<Answer> {
    return await this.#alone(exchange.call, async () => {
      if (this.#bytes > 0) this.#break(bad(exchange.call, `${this.#bytes} bytes nobody asked for`));
      if (this.#fault === null) this.#socket.write(exchange.request);
      return await this.#read(exchange.call, exchange.answer, patience);
    });
  }

  /** Waits for a further answer to the latest request. */
  async receive<Answer>(call: string, format: AnswerFormat<Answer>, patience: Patience): Promise<Answer> {
    return await this.#alone(call, () => this.#read(call, format, patience));
  }

  close(): void {
    this.#break(new PcscFault("invalid_handle", "the connection was closed"));
  }

  async #alone<T>(call: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new PcscFault("internal_error", `${call}: another call is under way on this connection`);
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }

  async #read<Answer>(call: string, format: AnswerFormat<Answer>, patience: Patience): Promise<Answer> {
    const step = await this.#until(call, patience, () => {
      if (this.#bytes < this.#bytesWanted) return undefined;
      const bytes = Buffer.concat(this.#chunks);
      const look = readAnswer(format, bytes);
      this.#bytesWanted = look.kind === "partial" ? look.bytesWanted : 0;
      this.#keep(look.kind === "partial" ? bytes : bytes.subarray(look.bytesUsed));
      return look.kind === "partial" ? undefined : look;
    });
    if (step.kind === "refusal") throw pcscFault(step.number, call);
    return step.answer;
  }

  /** Waits until `look` gives something. Whatever `look` throws, and every end of patience, breaks the connection. */
  async #until<T>(call: string, { deadlineMs, signal }: Patience, look: () => T | undefined): Promise<T> {
    const expire = () => this.#break(new PcscFault("timeout", `${call}: no answer within ${deadlineMs} ms`));
    const abort = () => this.#break(new PcscFault("cancelled", call));
    const timer = setTimeout(expire, deadlineMs);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
    try {
      for (;;) {
        const woken = Promise.withResolvers<void>();
        this.#wake = woken.resolve;
        if (this.#fault !== null) throw this.#fault;
        const found = look();
        if (found !== undefined) return found;
        await woken.promise;
      }
    } catch (fault) {
      this.#break(fault instanceof PcscFault ? fault : new PcscFault("internal_error", call, { cause: fault }));
      throw this.#fault ?? fault;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  #take(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > answerMax) this.#break(bad("receive", "more bytes than any answer has"));
    this.#wake();
  }

  #keep(bytes: Uint8Array): void {
    this.#chunks = bytes.length === 0 ? [] : [bytes];
    this.#bytes = bytes.length;
  }

  /** The first fault stays; the socket closes and whoever waits is told. */
  #break(fault: PcscFault): void {
    this.#fault ??= fault;
    this.#keep(new Uint8Array());
    this.#socket.destroy();
    this.#wake();
  }
}

function socketCode(code: string | undefined): PcscCode {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ECONNREFUSED":
      return "no_service";
    case "EACCES":
    case "EPERM":
      return "security_violation";
    case "EAGAIN":
      return "server_too_busy";
    case "ECONNRESET":
    case "EPIPE":
      return "service_stopped";
    default:
      return "comm_error";
  }
}
