import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { base64Text, qrText, signE1B, signE1J } from "../../fixtures/issuer/index.ts";
import { change, emptyStatus, keys, pass, pin, publish, start, tenant } from "./world.ts";

const entry = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../verifier/${name}`, import.meta.url)));

/** Bundles a script for a browser; esbuild itself refuses a `node:` import there. */
async function bundled(script: string): Promise<string> {
  const options: BuildOptions & { readonly write: false; readonly metafile: true } = {
    stdin: { contents: script, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
    bundle: true,
    format: "iife",
    globalName: "verifier",
    platform: "browser",
    target: "es2023",
    write: false,
    metafile: true,
    logLevel: "silent",
  };
  const { outputFiles, metafile } = await build(options);
  const foreign = Object.values(metafile.inputs).flatMap((input) => input.imports.filter((one) => one.external));
  expect(foreign).toEqual([]);
  return outputFiles.map((file) => file.text).join("");
}

test("a bundle with a node: import fails: the control of this file", async () => {
  await expect(bundled('import { readFileSync } from "node:fs"; export const x = readFileSync;')).rejects.toThrow();
  await expect(bundled('export * from "../../agent/primitives.ts";')).rejects.toThrow();
});

test("the verifier bundles for a browser with nothing but jose, and judges passes in Chromium", async () => {
  const code = await bundled(`export * from ${entry("index.ts")}; export * from ${entry("browser.ts")};`);
  expect(code).not.toMatch(/["']node:/);
  const server = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end("<!doctype html><title>x</title>"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--no-first-run",
    ],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.addScriptTag({ content: code });
    const revoked = change(emptyStatus(), { set: [1] }).state;
    const offered = publish({ lists: [revoked] });
    const binary = signE1B(pass(), keys.pass);
    const payloads = {
      qr: qrText(binary),
      text: base64Text(binary),
      jws: signE1J(pass(), keys.passEs),
      revoked: qrText(signE1B(pass({ index: 1 }), keys.pass)),
      forged: qrText(Uint8Array.from(binary).fill(7, 99)),
    };
    const said = await page.evaluate(judgeInPage, {
      scope: { tenant, pin, now: start + 60 },
      documents: {
        roots: offered.roots,
        keys: offered.keys,
        head: offered.head,
        manifest: offered.manifests.get(1) ?? "",
      },
      blobs: [...offered.blobs].map(([name, blob]) => [name, [...blob]] as const),
      payloads,
    });
    expect(said).toEqual({
      changed: true,
      faults: [],
      qr: "ok",
      text: "ok",
      jws: "ok",
      revoked: "revoked",
      forged: "bad_signature",
    });
  } finally {
    await browser.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface PageTask {
  readonly scope: { readonly tenant: string; readonly pin: string; readonly now: number };
  readonly documents: {
    readonly roots: readonly string[];
    readonly keys: string;
    readonly head: string;
    readonly manifest: string;
  };
  readonly blobs: readonly (readonly [string, readonly number[]])[];
  readonly payloads: Readonly<Record<string, string>>;
}

/** Runs in the page: only what it is handed and the bundle's global are there. */
async function judgeInPage({ scope, documents, blobs, payloads }: PageTask): Promise<object> {
  type Bundle = typeof import("../../verifier/index.ts") & typeof import("../../verifier/browser.ts");
  // The bundle was added as a classic script, of which the type system cannot know.
  const { verifier } = globalThis as unknown as { readonly verifier: Bundle };
  const primitives = verifier.browserPrimitives();
  const now = verifier.epochSeconds(scope.now) ?? verifier.epochStart;
  const at = { now, clock: "trusted" } as const;
  const tenant = verifier.tenantId(scope.tenant);
  if (tenant === null) return {};
  const { manifest, ...others } = documents;
  const offered = {
    ...others,
    manifests: new Map([[1, manifest]]),
    blobs: new Map(blobs.map(([name, bytes]) => [name, Uint8Array.from(bytes)] as const)),
  };
  const { trust, changed, faults } = await verifier.admit(
    verifier.emptyTrust(tenant, "sandbox", scope.pin),
    offered,
    at,
    primitives,
  );
  const said: Record<string, unknown> = { changed, faults };
  for (const [name, text] of Object.entries(payloads)) {
    said[name] = (await verifier.verify(new TextEncoder().encode(text), trust, at, primitives)).reason;
  }
  return said;
}
