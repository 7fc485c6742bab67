import { type PcscContext, PcscFault, type PcscTransport } from "./port.ts";

/**
 * `first`, and `second` where a pcscd speaks a protocol that `first` does not (`protocol_mismatch`). `told` hears of each
 * such switch with the reason. Where `second` cannot be had either, the fault is that of `first`: it names the cause.
 */
export function fallbackTransport(
  first: PcscTransport,
  second: PcscTransport,
  told: (reason: PcscFault, second: PcscTransport) => void,
): PcscTransport {
  return {
    name: first.name,
    establish: async (signal) => {
      try {
        return await first.establish(signal);
      } catch (fault) {
        if (!(fault instanceof PcscFault) || fault.code !== "protocol_mismatch") throw fault;
        const context = await establishOr(second, fault, signal);
        told(fault, second);
        return context;
      }
    },
  };
}

async function establishOr(transport: PcscTransport, reason: PcscFault, signal: AbortSignal): Promise<PcscContext> {
  try {
    return await transport.establish(signal);
  } catch (fault) {
    throw fault instanceof PcscFault && fault.code !== "cancelled" ? reason : fault;
  }
}
