import { resolve } from "node:path";
import type { AppleWalletConfig, GoogleWalletConfig, HceConfig, WalletConfig } from "./config.ts";
import type { TableSpec } from "./key.ts";
import { checkNames, checkWalletNames } from "./names.ts";
import { type Context, keyReader, type ReadKey, tableAt } from "./tables.ts";
import type { TomlTable } from "./toml.ts";
import { appleTable, googleTable, hceTable } from "./wallet-schema.ts";

/** Reads `[wallet.…]`; a wallet without a table is null. */
export function readWallet(context: Context, file: TomlTable): WalletConfig {
  const wallet = tableAt(context, file["wallet"], ["wallet"], "[wallet.<name>]");
  checkWalletNames(wallet, context.findings);
  return {
    apple: readPart(context, wallet, appleTable, readApple),
    google: readPart(context, wallet, googleTable, readGoogle),
    hce: readPart(context, wallet, hceTable, readHce),
  };
}

function readPart<T>(
  context: Context,
  wallet: TomlTable,
  spec: TableSpec,
  read: (read: ReadKey, context: Context) => T,
): T | null {
  if (!Object.hasOwn(wallet, spec.name)) return null;
  const path = ["wallet", spec.name];
  const table = tableAt(context, wallet[spec.name], path, spec.header);
  checkNames(table, path, [spec], context.findings);
  return read(keyReader(context, table, path), context);
}

function readApple(read: ReadKey, context: Context): AppleWalletConfig {
  const { keys } = appleTable;
  return {
    passTypes: read(keys.passTypes).map(({ id, keyFiles }) => ({
      id,
      keyFiles: keyFiles.map((file) => placed(context, file)),
    })),
    signupUrl: read(keys.signupUrl),
    clockToleranceS: read(keys.clockToleranceS),
    onReplay: read(keys.onReplay),
  };
}

function readGoogle(read: ReadKey, context: Context): GoogleWalletConfig {
  const { keys } = googleTable;
  return {
    collectorId: read(keys.collectorId),
    keys: read(keys.keys).map(({ version, file }) => ({ version, file: placed(context, file) })),
    services: read(keys.services),
  };
}

function readHce(read: ReadKey): HceConfig {
  const { keys } = hceTable;
  return { aid: read(keys.aid).toUpperCase(), answer: read(keys.answer) };
}

/** A credential has no place of its own. */
function placed(context: Context, file: string): string {
  return file.startsWith("credential:") ? file : resolve(context.folder, file);
}
