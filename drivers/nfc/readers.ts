import type { EcpStep, NfcReaderModel, OutcomeCommands, ReaderEvidence, ReaderField } from "./reader-model.ts";

/**
 * Contactless PC/SC readers, from public manuals, SDKs and source code: no row was seen on a device by us. Bytes that a
 * public document does not give for exactly this model are `unverified`.
 */

/** Bytes from hexadecimal digits; spaces are for people. */
function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

/** Every field as far to be trusted as the row, but for those named. */
function backed(
  row: ReaderEvidence,
  fields: Partial<Record<ReaderField, ReaderEvidence>> = {},
): NfcReaderModel["evidence"] {
  return { row, usb: row, contactless: row, signals: row, ecp: row, libccid: row, ...fields };
}

/** One command for both ways: ACS takes the pseudo-APDUs of its readers as escape commands, too. */
function bothWays(...commands: readonly Uint8Array[]): OutcomeCommands {
  return { duringTap: commands, escape: commands };
}

/** Final green on, red off; one beep of 100 ms. */
const acsAccepted = hex("FF 00 40 0E 04 01 00 01 01");
/** Final red on, green off; two beeps. */
const acsRefused = hex("FF 00 40 0D 04 01 01 02 01");

/** Light (its bits differ by model), then a sound in units of 10 ms. */
const acsEscape = (light: number, sound10Ms: number): readonly Uint8Array[] => [
  Uint8Array.of(0xe0, 0x00, 0x00, 0x29, 0x01, light),
  Uint8Array.of(0xe0, 0x00, 0x00, 0x28, 0x01, sound10Ms),
];
const acsDark = hex("E0 00 00 29 01 00");
const short10Ms = 10;
const long10Ms = 40;

const acr122u: NfcReaderModel = {
  id: "acr122u",
  name: "ACS ACR122U",
  usb: [{ id: "072f:2200", name: "ACR122U" }],
  pattern: /ACR122/i,
  contactless: null,
  signals: {
    accepted: bothWays(acsAccepted),
    refused: bothWays(acsRefused),
    // Red alone, no sound: as it stands when idle.
    rest: [hex("FF 00 40 0D 04 00 00 00 00")],
  },
  ecp: null,
  libccid: null,
  notes:
    "Looks for cards every 250 to 500 ms. The kernel's own NFC modules take it from pcscd: see System. A phone shows no pass by " +
    "itself; its holder opens it. A page that a tag does not have can wedge reader and tag until the tag is lifted: the agent never reads one.",
  evidence: backed("documented", { signals: "unverified" }),
  sources: [
    "ACS ACR122U Application Programming Interface: Bi-color LED and Buzzer Control",
    "libccid: supported readers",
  ],
};

const acr1252u: NfcReaderModel = {
  id: "acr1252u",
  name: "ACS ACR1252U, ACM1252U",
  usb: [
    { id: "072f:223b", name: "ACR1252U (contactless and SAM)" },
    { id: "072f:223e", name: "ACR1252U" },
  ],
  pattern: /AC[RM]1252/i,
  contactless: /PICC/,
  signals: {
    accepted: { duringTap: [acsAccepted], escape: acsEscape(0x02, short10Ms) },
    refused: { duringTap: [acsRefused], escape: acsEscape(0x01, long10Ms) },
    rest: [acsDark],
  },
  ecp: null,
  libccid: null,
  notes:
    "Two slots: PICC for phones and tags, SAM for a security module; the agent takes PICC. The commands that set its automatic " +
    "lights and its polling write to flash memory: the agent never sends them.",
  evidence: backed("documented", { signals: "unverified" }),
  sources: ["ACS ACR1252U Reference Manual: Peripherals Control", "libccid: supported readers"],
};

const acr1255u: NfcReaderModel = {
  id: "acr1255u",
  name: "ACS ACR1255U-J1, FloBLE Plus",
  usb: [{ id: "072f:223f", name: "ACR1255U-J1" }],
  pattern: /ACR1255|FloBLE/i,
  contactless: null,
  signals: {
    accepted: { duringTap: [], escape: acsEscape(0x01, short10Ms) },
    refused: { duringTap: [], escape: acsEscape(0x02, long10Ms) },
    rest: [acsDark],
  },
  ecp: {
    steps: [
      acsEcpStep("E0 00 00 3B 03 01 01 01"),
      acsEcpStep("E0 00 00 3B 03 01 02 00"),
      acsEcpStep("E0 00 00 3B 03 01 03 02"),
      acsEcpStep("E0 00 00 20 01 45"),
    ],
    apply: null,
    needs: "The wallet firmware of the FloBLE Plus. Ordinary firmware refuses the commands.",
  },
  libccid: null,
  notes: "Its bits for green and red are the other way round than those of its kin.",
  evidence: backed("documented", { ecp: "unverified", signals: "unverified" }),
  sources: ["ACS ACR1255U-J1 Reference Manual: Peripherals Control", "An open-source client of the FloBLE Plus"],
};

const acr1281u: NfcReaderModel = {
  id: "acr1281u",
  name: "ACS ACR1281U-C1",
  usb: [{ id: "072f:2224", name: "ACR1281U-C1" }],
  pattern: /ACR1281/i,
  contactless: /PICC/,
  signals: {
    accepted: { duringTap: [], escape: acsEscape(0x02, short10Ms) },
    refused: { duringTap: [], escape: acsEscape(0x01, long10Ms) },
    rest: [acsDark],
  },
  ecp: null,
  libccid: null,
  notes: "Three slots: PICC, ICC for contact cards, SAM. People report that card events are missed with some drivers.",
  evidence: backed("documented", { contactless: "unverified", signals: "unverified" }),
  sources: ["ACS ACR1281U-C1 Reference Manual: Peripherals Control"],
};

const acr1552u: NfcReaderModel = {
  id: "acr1552u",
  name: "ACS ACR1552U, WalletMate",
  usb: [
    { id: "072f:2303", name: "ACR1552U" },
    { id: "072f:2308", name: "ACR1552U (other version)" },
    { id: "072f:226b", name: "WalletMate" },
  ],
  pattern: /ACR1552|WalletMate/i,
  contactless: /PICC|CL/,
  signals: {
    accepted: { duringTap: [], escape: acsEscape(0x02, short10Ms) },
    refused: { duringTap: [], escape: acsEscape(0x01, long10Ms) },
    rest: [acsDark],
  },
  ecp: null,
  libccid: "1.5.3",
  notes:
    "Debian 12 has libccid 1.5.2, which does not know it: take the package of a later Debian. WalletMate announces itself to " +
    "phones after its vendor's own tool has set it up; there is no public command.",
  evidence: backed("documented", { contactless: "unverified", signals: "unverified" }),
  sources: ["libccid: supported readers", "ACS product pages"],
};

const omnikey: NfcReaderModel = {
  id: "omnikey",
  name: "HID OMNIKEY 5022, 5023, 5027, 5122, 5127, 5422, 5427",
  usb: [],
  pattern: /OMNIKEY 5[0-9]{3}/i,
  contactless: /5[0-9]{3}\s?-?CL|50[0-9]{2}|5127|5427/i,
  signals: null,
  ecp: null,
  libccid: null,
  notes:
    "No public command for light and buzzer: it signals by itself that it saw a card, never the outcome. Those with a contact slot name " +
    "their contactless one CL. Unplugging a 5427 has ended pcscd for some people; the agent comes back with it.",
  evidence: backed("documented", { contactless: "unverified" }),
  sources: ["HID OMNIKEY Contactless Smart Card Readers Software Developer Guide"],
};

const springcore: NfcReaderModel = {
  id: "springcore",
  name: "SpringCard SpringCore (Puck, M519, E518, H518)",
  usb: [{ id: "1c34:6???", name: "SpringCore family (6012 to 621A)" }],
  pattern: /SpringCard.*(?:Puck|M519|E518|H518|SpringCore)/i,
  contactless: /Contactless|\bCL\b|NFC|RFID/i,
  signals: {
    accepted: { duringTap: [], escape: [hex("58 91 00 FF 00")] },
    refused: { duringTap: [], escape: [hex("58 91 FF 00 00")] },
    rest: [hex("58 91 00 00 00")],
  },
  ecp: {
    steps: [springcoreStep("02 39", "6A 01 00 00 02"), springcoreStep("02 3A", "01"), springcoreStep("02 37", "02")],
    apply: hex("58 8F"),
    needs: "A unit whose licence option leaves these registers open.",
  },
  libccid: null,
  notes:
    "Register 0239 is the frame `6A01000002` without its checksum, 023A switches it on for type A, 0237 = 02 asks for the polling that the vendor " +
    "wants for wallets. They are read first and written only where they differ.",
  evidence: backed("documented", { contactless: "unverified", signals: "unverified" }),
  sources: ["SpringCard SpringCore register documentation", "SpringCard PC/SC SDK"],
};

const springcardH663: NfcReaderModel = {
  id: "springcard-h663",
  name: "SpringCard H663, H512, CSB6, Prox'N'Roll, NFC'Roll",
  usb: [
    { id: "1c34:91b1", name: "H663" },
    { id: "1c34:a1a1", name: "H512" },
    { id: "1c34:71??", name: "CSB6, Prox'N'Roll" },
    { id: "1c34:8141", name: "NFC'Roll" },
  ],
  pattern: /SpringCard/i,
  contactless: /Contactless|\bCL\b|NFC|RFID/i,
  signals: {
    accepted: {
      duringTap: [hex("FF F0 00 00 04 1E 00 01 00")],
      escape: [hex("58 1E 00 01 00"), hex("58 1C 00 64")],
    },
    refused: {
      duringTap: [hex("FF F0 00 00 04 1E 01 00 00")],
      escape: [hex("58 1E 01 00 00"), hex("58 1C 01 90")],
    },
    rest: [hex("58 1E 00 00 00")],
  },
  ecp: null,
  libccid: null,
  notes: "Light and sound by escape; during a tap the light alone.",
  evidence: backed("documented", { usb: "unverified", contactless: "unverified", signals: "unverified" }),
  sources: ["SpringCard PC/SC SDK: vendor-specific control commands"],
};

const other: NfcReaderModel = {
  id: "other",
  name: "every other PC/SC reader",
  usb: [],
  pattern: null,
  contactless: null,
  signals: null,
  ecp: null,
  libccid: null,
  notes:
    "Any reader that pcscd serves and that takes ISO 14443-4 cards reads passes. Slots called SAM, ICC or Contact are passed over.",
  evidence: backed("documented", { contactless: "unverified" }),
  sources: [],
};

/** Each register is two bytes of address; the answer to a question is 00 and its value. */
function springcoreStep(register: string, value: string): EcpStep {
  return {
    read: { command: hex(`58 81 ${register}`), wanted: hex(`00 ${value}`) },
    write: hex(`58 82 ${register} ${value}`),
    success: 0x00,
  };
}

function acsEcpStep(command: string): EcpStep {
  return { read: null, write: hex(command), success: 0xe1 };
}

/** In the order in which names are compared; the last fits all. */
export const nfcReaderModels: readonly NfcReaderModel[] = [
  acr122u,
  acr1252u,
  acr1255u,
  acr1281u,
  acr1552u,
  omnikey,
  springcore,
  springcardH663,
  other,
];
