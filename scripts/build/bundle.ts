import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, transformSync } from "esbuild";

/** What runs on its own: the daemon, and each file that it starts as a thread or a process by this name beside itself. */
export const entries = [
  { from: "agent/main.ts", to: "pass-agent.mjs" },
  { from: "agent/store/writer.ts", to: "store-writer.mjs" },
  { from: "drivers/nfc/pcsc/nfc-pcsc-host.ts", to: "nfc-pcsc-host.mjs" },
  { from: "drivers/image/decoder-host.ts", to: "image-decoder.mjs" },
] as const;

/** Files of the lane page. Its scripts are made plain here (`x.ts` becomes `x.ts.js`), so that no device carries a compiler. */
const lanePage = { from: "agent/lane/page", to: "lane" } as const;

/** Files that go along as they are. */
export const assets = [
  { from: "node_modules/zxing-wasm/dist/reader/zxing_reader.wasm", to: "zxing_reader.wasm" },
] as const;

/** Packages that are or load native code (or, with ws, would like to): they stay in node_modules. */
const external = [
  "better-sqlite3",
  "serialport",
  "@serialport/*",
  "nfc-pcsc",
  "@pokusew/pcsclite",
  "bufferutil",
  "utf-8-validate",
];

/** Some bundled packages are CommonJS and call `require` for Node's own modules, which an ES module does not have. */
const banner =
  'import { createRequire as passAgentCreateRequire } from "node:module";\n' +
  "const require = passAgentCreateRequire(import.meta.url);";

/**
 * Bundles every entry and copies every asset. The same sources give the same bytes.
 *
 * @param root folder of package.json
 * @param outDir absolute; must exist
 * @returns the names written, relative to `outDir`
 * @throws esbuild's `BuildFailure`, or an `Error` that names a missing entry or folder
 */
export async function bundle(root: string, outDir: string): Promise<readonly string[]> {
  for (const { from } of [...entries, lanePage, ...assets]) {
    if (!existsSync(join(root, from))) throw new Error(`${from} is in the build's table and does not exist`);
  }
  for (const { from, to } of entries) {
    await build({
      absWorkingDir: root,
      banner: { js: banner },
      bundle: true,
      charset: "utf8",
      entryPoints: [from],
      external,
      format: "esm",
      legalComments: "eof",
      logLevel: "warning",
      outfile: join(outDir, to),
      platform: "node",
      target: "node24",
    });
  }
  copyPage(join(root, lanePage.from), join(outDir, lanePage.to));
  for (const { from, to } of assets) cpSync(join(root, from), join(outDir, to));
  return [...entries, lanePage, ...assets].map(({ to }) => to);
}

function copyPage(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (!name.endsWith(".ts")) {
      cpSync(join(from, name), join(to, name));
      continue;
    }
    const { code } = transformSync(readFileSync(join(from, name), "utf8"), {
      charset: "utf8",
      loader: "ts",
      sourcefile: name,
      target: "es2023",
      // Imports stay as they are written: the browser asks for the same names.
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    writeFileSync(join(to, `${name}.js`), code);
  }
}
