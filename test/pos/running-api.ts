import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { laneAssets, lanePages } from "../../agent/lane/index.ts";
import type { Log, LogFields } from "../../agent/log.ts";
import { type Api, type ApiOptions, startApi } from "../../agent/pos/index.ts";
import { type TestFacade, testFacade } from "./facade.ts";

export interface RunningApi extends AsyncDisposable {
  readonly api: Api;
  readonly facade: TestFacade;
  readonly folder: string;
  readonly socketPath: string;
  readonly tokenFile: string;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly logged: readonly { readonly event: string; readonly fields: LogFields | undefined }[];
}

/** The real API on a free port and a Unix socket in a new folder; closed and removed at the end of the block. */
export async function runApi(
  facade: TestFacade = testFacade(),
  change: Partial<ApiOptions> & { readonly locale?: string } = {},
): Promise<RunningApi> {
  const folder = await mkdtemp(join(tmpdir(), "pass-agent-api-"));
  const socketPath = join(folder, "api.sock");
  const tokenFile = join(folder, "token");
  const logged: { readonly event: string; readonly fields: LogFields | undefined }[] = [];
  const write = (event: string, fields?: LogFields) => logged.push({ event, fields });
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const assets = await laneAssets();
  const starting = startApi({
    facade,
    host: "127.0.0.1",
    port: 0,
    socketPath,
    tokenFile,
    allowedOrigins: [],
    allowedHosts: [],
    version: "0.1.0",
    log,
    pages: lanePages({ locale: change.locale ?? "en", assets, timeZone: "UTC" }),
    ...change,
  });
  const api = await starting.catch(async (cause: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  });
  return {
    api,
    facade,
    folder,
    socketPath,
    tokenFile,
    origin: `http://127.0.0.1:${api.port}`,
    logged,
    [Symbol.asyncDispose]: async () => {
      await api.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
