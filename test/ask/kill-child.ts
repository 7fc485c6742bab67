import { askTill } from "../../agent/asking.ts";
import { noSale } from "../../agent/books/sale.ts";
import { systemClock } from "../../agent/clock.ts";
import { openQuestions } from "../../agent/questions.ts";
import { openStore } from "../../agent/store/index.ts";
import { rulesOf } from "../rules/samples.ts";
import { presented, writerOptions } from "../store/harness.ts";
import type { FaultPoint } from "./kill-points.ts";

/**
 * A child program for the tests: reserves one pass, asks, is answered "accepted" for two instead of one, and settles; and
 * kills itself (SIGKILL) at a named point of that way. Prints what was announced. Arguments: folder, name of the point.
 */
const [folder = "", fatal = ""] = process.argv.slice(2);

const dieAt = (point: FaultPoint): void => {
  if (point === fatal) process.kill(process.pid, "SIGKILL");
};
const clock = systemClock();
const rules = rulesOf('[[rule]]\nkinds = ["event_ticket"]\nuses = 1\nparty_size = 2\n', ["gate-1"]);
const store = await openStore({ ...writerOptions(folder), rules });
const questions = openQuestions(clock);
questions.watch(({ scan }) => {
  dieAt("asked");
  void questions.answer(scan.id, { outcome: "accepted", sale: noSale, quantity: 2, message: null });
  dieAt("answered");
});
const asked = {
  ...presented("scan_asked", 7),
  way: { kind: "ask", untilMs: Date.parse("2026-11-21T19:30:10Z") },
} as const;
dieAt("before reserve");
const reserving = store.ask("present", asked);
dieAt("reserve sent");
const reserved = await reserving;
dieAt("reserved");
if (reserved.outcome !== "reserved") throw new Error(reserved.outcome);
const lane = { id: "gate-1", name: "", mode: "ask", decideWithinMs: 10_000, onSilence: "reject" } as const;
const presentation = { outcome: "unreadable", reason: "no_pass", protocol: null, detail: "" } as const;
const told = await askTill(
  reserved.scan,
  { asked, presentation, lane },
  {
    questions,
    settle: async (answer) => {
      const settling = store.ask("settleReservation", answer);
      dieAt("settle sent");
      const settled = await settling;
      dieAt("settled");
      return settled;
    },
    lookAgain: async () => ({ finding: asked.finding, generation: 0 }),
  },
);
process.stdout.write(`announced ${told?.record.decision.outcome}\n`);
dieAt("announced");
await store.close();
