import http from "node:http";
import { PresentFault } from "./views.ts";

/** Steers virtual readers and runs demo scenes, over the demo's Unix socket. Only a sandbox agent has one. */
export interface Simulation {
  /** Makes the virtual device of that reader show this payload once. Rejects with `PresentFault`. */
  present(reader: string, payload: string): Promise<void>;
  scenes(): Promise<readonly { readonly name: string; readonly title: string }[]>;
  scene(name: string): Promise<{ readonly said: string }>;
}

/** A scene may issue passes, cut networks and wait for scans, milliseconds. */
const deadlineMs = 30_000;
const maxAnswerBytes = 64 * 1024;

export function openSimulation(socket: string): Simulation {
  const ask = async (
    method: "GET" | "POST",
    path: string,
    body?: object,
  ): Promise<Readonly<Record<string, unknown>>> => {
    let answer: { readonly status: number; readonly text: string };
    try {
      answer = await exchange(socket, method, path, body);
    } catch (cause) {
      throw new PresentFault("simulator_absent", `the simulator at ${socket} does not answer (${String(cause)})`);
    }
    const value: Readonly<Record<string, unknown>> = JSON.parse(answer.text);
    if (answer.status < 300) return value;
    const code = value["code"];
    const detail = String(value["detail"]);
    throw new PresentFault(code === "reader_not_found" || code === "unknown_scene" ? code : "scene_failed", detail);
  };
  return {
    present: async (reader, payload) => {
      await ask("POST", "/present", { reader, payload });
    },
    scenes: async () => {
      const { scenes } = await ask("GET", "/scenes");
      return Array.isArray(scenes) ? scenes : [];
    },
    scene: async (name) => ({ said: String((await ask("POST", `/scenes/${encodeURIComponent(name)}`))["said"]) }),
  };
}

async function exchange(socketPath: string, method: string, path: string, body: object | undefined) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const request = http.request({ socketPath, method, path, signal: AbortSignal.timeout(deadlineMs) }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (part: string) => {
      text += part;
      if (text.length > maxAnswerBytes) request.destroy(new Error("the simulator's answer is too long"));
    });
    response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    response.on("error", reject);
  });
  request.on("error", reject);
  request.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
