import { describe, expect, test } from "vitest";
import { chosenReader, nfcReaderModels, readerFields } from "../../drivers/nfc/index.ts";
import { isContactless, readerModel } from "../../drivers/nfc/reader-model.ts";

describe("a PC/SC name means a model", () => {
  test.each([
    ["ACS ACR122U PICC Interface 00 00", "acr122u"],
    ["ACS ACR122U 00 00", "acr122u"],
    ["ACS ACR1252 1S CL Reader [ACR1252 1S CL Reader PICC] 00 00", "acr1252u"],
    ["ACS ACR1252U Dual Reader SAM 01 00", "acr1252u"],
    ["ACS ACR1255U-J1 00 00", "acr1255u"],
    ["ACS ACR1281 1S Dual Reader PICC 00 00", "acr1281u"],
    ["ACS ACR1552 1S CL Reader PICC 00 00", "acr1552u"],
    ["ACS WalletMate 1S CL Reader 00 00", "acr1552u"],
    ["HID Global OMNIKEY 5022 Smart Card Reader 00 00", "omnikey"],
    ["SpringCard Puck [Contactless] 00 00", "springcore"],
    ["SpringCard Prox'N'Roll Contactless 00 00", "springcard-h663"],
    ["Identiv uTrust 3700 F CL Reader 00 00", "other"],
    ["Virtual PCD 00 00", "other"],
  ])("%s is %s", (name, id) => {
    expect(readerModel(nfcReaderModels, name)?.id).toBe(id);
  });
});

describe("of a reader with several slots the contactless one is served", () => {
  test.each<readonly [string, readonly string[], string]>([
    ["before the security module", ["ACS ACR1252 Dual Reader SAM 00 00", "ACS ACR1252 Dual Reader PICC 01 00"], "."],
    [
      "whichever comes first",
      ["ACS ACR1281 1S Dual Reader ICC 00 00", "ACS ACR1281 1S Dual Reader PICC 00 01", "ACS ACR1281 1S SAM 00 02"],
      "ACR1281",
    ],
    [
      "also where its name says only CL",
      [
        "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422 Smartcard Reader] 01 00",
        "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422CL Smartcard Reader] 00 00",
      ],
      "OMNIKEY",
    ],
    ["also of a make nobody knows", ["Any Contact Slot 00 00", "Any Contactless Slot 00 01"], "Any"],
  ])("%s", (_, names, match) => {
    const readers = names.map((name) => ({ name }));
    const chosen = chosenReader(readers, new RegExp(match));
    expect(chosen?.name).toMatch(/PICC|CL Smart|Contactless/);
  });

  test("but a slot that is named on purpose is the one", () => {
    const readers = [{ name: "ACS ACR1252 Dual Reader PICC 00 00" }, { name: "ACS ACR1252 Dual Reader SAM 01 00" }];
    expect(chosenReader(readers, /SAM/)?.name).toMatch(/SAM/);
  });

  test("of readers alike the first, and none where no name matches", () => {
    const readers = [{ name: "Virtual PCD 00 00" }, { name: "Virtual PCD 00 01" }];
    expect(chosenReader(readers, /PCD/)).toBe(readers[0]);
    expect(chosenReader(readers, /ACS/)).toBeNull();
    expect(chosenReader([], /./)).toBeNull();
  });
});

describe("every row", () => {
  test.each(nfcReaderModels.map((model) => [model.id, model] as const))("%s is well formed", (_, model) => {
    const { signals, ecp } = model;
    for (const { id } of model.usb) expect(id).toMatch(/^[0-9a-f]{4}:[0-9a-f?]{4}$/);
    const outcomes = signals === null ? [] : [signals.accepted, signals.refused];
    for (const { duringTap, escape: escapes } of outcomes) {
      // Only the class FF never reaches a card.
      for (const command of duringTap) expect(command[0]).toBe(0xff);
      expect(escapes.length).toBeGreaterThan(0);
    }
    // An acceptance is never shown as anything else is, and no light of it outlasts its approach.
    if (signals !== null) {
      expect(signals.accepted).not.toEqual(signals.refused);
      expect(signals.rest.length).toBeGreaterThan(0);
    }
    for (const { write } of ecp?.steps ?? []) expect(write.length).toBeGreaterThan(2);
    expect(model.notes).not.toBe("");
    if (model.evidence.row === "documented" && model.id !== "other") expect(model.sources.length).toBeGreaterThan(0);
    expect(Object.keys(model.evidence).toSorted()).toEqual(["row", ...readerFields].toSorted());
  });

  test("has an id of its own, and the last takes every name", () => {
    const ids = nfcReaderModels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(nfcReaderModels.map(({ pattern }) => pattern === null)).toEqual(
      nfcReaderModels.map((_, at) => at === nfcReaderModels.length - 1),
    );
  });

  test("sends nothing that a reader keeps in memory but to announce itself", () => {
    // E0 00 00 20, 21 and 23 of ACS write to flash; 58 82 of SpringCard to registers.
    const signals = nfcReaderModels.flatMap(({ signals: own }) =>
      own === null
        ? []
        : [own.accepted, own.refused].flatMap((one) => [...one.duringTap, ...one.escape]).concat(own.rest),
    );
    const written = signals.filter((bytes) =>
      /^(e0000020|e0000021|e0000023|5882)/.test(Buffer.from(bytes).toString("hex")),
    );
    expect(written).toEqual([]);
  });
});

test("a slot of a model that names its contactless one by another word is not taken for it", () => {
  const omnikey = readerModel(nfcReaderModels, "HID Global OMNIKEY 5422 Smartcard Reader 01 00");
  expect(isContactless(omnikey, "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422 Smartcard Reader] 01 00")).toBe(
    false,
  );
});
