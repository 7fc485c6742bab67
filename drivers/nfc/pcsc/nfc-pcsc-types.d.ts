/** The little that we use of two packages without types of their own that fit: nfc-pcsc 0.8.1 and @pokusew/pcsclite 0.6.0. */
declare module "nfc-pcsc" {
  import type { EventEmitter } from "node:events";

  /** The binding's object for one reader. Callbacks run on the event loop, the calls themselves in libuv's pool. */
  export interface CardReader extends EventEmitter {
    readonly name: string;
    on(event: "status", listener: (status: { state: number; atr?: Uint8Array }) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    connect(
      options: { share_mode: number; protocol: number },
      done: (error: Error | null | undefined, protocol: number | undefined) => void,
    ): void;
    disconnect(disposition: number, done: (error: Error | null | undefined) => void): void;
    transmit(
      data: Uint8Array,
      receiveMax: number,
      protocol: number,
      done: (error: Error | null | undefined, answer: Uint8Array) => void,
    ): void;
    control(
      data: Uint8Array,
      code: number,
      receiveMax: number,
      done: (error: Error | null | undefined, answer: Uint8Array) => void,
    ): void;
  }

  export interface Device extends EventEmitter {
    readonly reader: CardReader;
    autoProcessing: boolean;
    connect: () => Promise<unknown>;
    on(event: "error", listener: (error: Error) => void): this;
    on(event: "end", listener: () => void): this;
  }

  export class NFC extends EventEmitter {
    on(event: "reader", listener: (device: Device) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
  }
}
