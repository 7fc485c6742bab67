import { ReaderFault } from "../reader.ts";
import { PcscFault, type ReaderState } from "./pcsc/port.ts";
import { isContactless, readerModel } from "./reader-model.ts";
import { nfcReaderModels } from "./readers.ts";

/**
 * Of the readers whose name matches the first contactless slot; without one the first that matches, which its owner then
 * named on purpose. Null when no name matches. Pure.
 */
export function chosenReader<Reader extends Pick<ReaderState, "name">>(
  readers: readonly Reader[],
  match: RegExp,
): Reader | null {
  // search() ignores the memory of a regular expression with the g or y flag.
  const matching = readers.filter(({ name }) => name.search(match) >= 0);
  const contactless = matching.find(({ name }) => isContactless(readerModel(nfcReaderModels, name), name));
  return contactless ?? matching[0] ?? null;
}

/** As `chosenReader`. Throws `ReaderFault` (`reader_absent`) without one, and `sharing_violation` for one held by another. */
export function chooseReader(readers: readonly ReaderState[], match: RegExp): ReaderState {
  const reader = chosenReader(readers, match);
  if (reader === null) {
    const names = readers.length === 0 ? "none" : readers.map(({ name }) => `"${name}"`).join(", ");
    throw new ReaderFault("reader_absent", `no reader matches ${String(match)}; there are: ${names}`, {
      remedy: readers.length === 0 ? "Plug the reader in." : "Plug the reader in, or correct its match.",
    });
  }
  if (reader.exclusive) throw new PcscFault("sharing_violation", `${reader.name} is held by another program`);
  return reader;
}
