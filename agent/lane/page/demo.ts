import { members, parseObject } from "./message.ts";
import { byId } from "./screen.ts";

export interface DemoPanel {
  /** The agent has started again: the token of its last start is no longer good. */
  renew(token: string | null): void;
}

/** A scene may take as long as the API lets it. */
const answerWithinMs = 65_000;

/** The buttons and the field below a simulated lane; null on every other page. */
export function createDemoPanel(root: Document, lane: string): DemoPanel | null {
  const panel = root.getElementById("demo");
  if (panel === null) return null;
  const answer = byId(root, "demo-answer");
  const words = panel.dataset;
  let token = words["token"] ?? "";

  const ask = async (address: string, body: Readonly<Record<string, string>> | null): Promise<string> => {
    const response = await fetch(address, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, ...(body === null ? {} : { "content-type": "application/json" }) },
      body: body === null ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(answerWithinMs),
    });
    const said = parseObject(await response.text());
    if (!response.ok) return String(said?.get("detail") ?? words["failed"] ?? "");
    const decision = members(said?.get("decision"));
    if (decision === null) return String(said?.get("said") ?? "");
    const outcome = String(decision.get("outcome"));
    return `${words[outcome] ?? outcome} · ${String(decision.get("reason"))}`;
  };
  const run = (address: string, body: Readonly<Record<string, string>> | null): void => {
    answer.textContent = words["running"] ?? "";
    ask(address, body).then(
      (text) => {
        answer.textContent = text;
      },
      () => {
        answer.textContent = words["failed"] ?? "";
      },
    );
  };

  for (const button of panel.querySelectorAll<HTMLButtonElement>("button[data-scene]")) {
    const name = button.dataset["scene"] ?? "";
    button.addEventListener("click", () => run(`/v1/sim/scenes/${encodeURIComponent(name)}`, null));
  }
  const form = byId(root, "present");
  const field = root.querySelector<HTMLInputElement>("#payload");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field !== null && field.value !== "") run("/v1/sim/present", { lane, payload: field.value });
  });
  return {
    renew: (renewed) => {
      panel.hidden = renewed === null;
      token = renewed ?? "";
    },
  };
}
