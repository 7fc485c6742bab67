import type { CardProtocol, Disposition, ReaderState, ShareMode } from "./port.ts";

/** What the nfc-pcsc driver and the process that holds the binding say to each other. Plain data. */

export type CardCall =
  | { readonly call: "connect"; readonly reader: string; readonly share: ShareMode }
  | { readonly call: "transmit"; readonly reader: string; readonly protocol: CardProtocol; readonly bytes: Uint8Array }
  | { readonly call: "control"; readonly reader: string; readonly code: number; readonly bytes: Uint8Array }
  | { readonly call: "disconnect"; readonly reader: string; readonly disposition: Disposition };

export type HostRequest = CardCall & { readonly id: number };

export type HostMessage =
  /** The binding is loaded and knows all readers; their `states` came before. */
  | { readonly kind: "ready" }
  /** nfc-pcsc or its compiled part is not installed. */
  | { readonly kind: "absent"; readonly detail: string }
  | { readonly kind: "states"; readonly states: readonly ReaderState[] }
  /** pcscd went away; the binding never recovers from that. */
  | { readonly kind: "lost"; readonly number: number }
  | { readonly kind: "done"; readonly id: number; readonly bytes: Uint8Array; readonly protocol: CardProtocol }
  | { readonly kind: "failed"; readonly id: number; readonly number: number };
