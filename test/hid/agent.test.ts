import { expect, test } from "vitest";
import { systemClock } from "../../agent/clock.ts";
import { openConditions } from "../../agent/conditions.ts";
import { createLog } from "../../agent/log.ts";
import { driverOf } from "../../agent/readers.ts";
import { superviseReader } from "../../agent/supervisor.ts";
import { recordingSink, until } from "../serial/plugged-reader.ts";

test("a reader of kind hid is opened by the agent as a HID-POS scanner, and waited for when it is absent", async () => {
  const config = { id: "gate-1-hid", lane: "gate-1", kind: "hid", path: "/dev/no-such-hidraw" } as const;
  const driver = driverOf(config, { options: () => ({}) });
  expect(driver.channel).toBe("hid");
  const conditions = openConditions(
    () => "2026-05-19T10:00:00.000Z",
    () => undefined,
  );
  const stopping = new AbortController();
  const parts = {
    clock: systemClock(),
    log: createLog(() => undefined, { journal: false, debug: false }),
    conditions,
    changed: () => undefined,
  };
  const reader = superviseReader(config, driver, recordingSink(), parts, stopping.signal);
  await until(() => reader.fault() !== null);
  expect(reader.view()).toEqual({
    id: "gate-1-hid",
    lane: "gate-1",
    kind: "hid",
    driver: "hidraw",
    state: "waiting",
    model: null,
  });
  expect(conditions.list()).toMatchObject([{ code: "reader_absent", subject: "gate-1-hid" }]);
  stopping.abort();
  await reader.done;
});
