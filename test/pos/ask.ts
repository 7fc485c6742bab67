import { type OutgoingHttpHeaders, request } from "node:http";

export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The members of the JSON answer; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** One HTTP request with exactly these headers: `fetch` would not let a test choose Host or Origin. */
export function ask(
  to: { readonly port: number } | { readonly socketPath: string },
  path: string,
  options: { readonly method?: string; readonly headers?: OutgoingHttpHeaders; readonly body?: string } = {},
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...("port" in to ? { host: "127.0.0.1", port: to.port } : { socketPath: to.socketPath }),
        path,
        method: options.method ?? "GET",
        headers: options.headers,
        agent: false,
        timeout: 15_000,
      },
      (incoming) => {
        incoming.setEncoding("utf8");
        let text = "";
        incoming.on("data", (chunk: string) => {
          text += chunk;
        });
        incoming.once("end", () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: parse(text) }),
        );
        incoming.once("error", reject);
      },
    );
    outgoing.once("timeout", () => outgoing.destroy(new Error("no answer within 15 s")));
    outgoing.once("error", reject);
    outgoing.end(options.body);
  });
}

function parse(text: string): Readonly<Record<string, unknown>> {
  if (!text.startsWith("{")) return {};
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
