import type { KeyObject } from "node:crypto";
import { readPrivateKey } from "../../drivers/nfc/cards/keys.ts";
import { writeTlv } from "../../drivers/nfc/cards/tlv.ts";
import { type DemoKeyName, demoKey } from "../../fixtures/wallet/index.ts";

/** Sealed messages of Apple VAS with everything that leads to them. P1 was published; S1 and S3 were made for tests. */

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
export const hexOf = (raw: Uint8Array): string => Buffer.from(raw).toString("hex");

export interface VasVector {
  readonly name: string;
  readonly key: DemoKeyName;
  /** The answer to GET VAS DATA with its status word. */
  readonly answer: Uint8Array;
  readonly message: string;
  /** Seconds since 2001. */
  readonly time: number;
  /** The phone's one-time key, where it is known. */
  readonly phoneKey: Uint8Array | null;
}

const published = bytes(
  "c0b77375eae416b79449347f9fe838c05cdb57dc7470b97b93b806cb348771d9bfbe29d58538c7c7d7c3d015fa205b68bfccd726058a62f7f44085ac98dbf877120fd9059f1507b956e0a6d56d0a",
);

/** An answer to GET VAS DATA around a cryptogram. */
export function answerWith(cryptogram: Uint8Array): Uint8Array {
  const inner = Buffer.concat([writeTlv(0x9f2a, new Uint8Array()), writeTlv(0x9f27, cryptogram)]);
  return Buffer.concat([writeTlv(0x70, inner), bytes("9000")]);
}

export const vectors: readonly VasVector[] = [
  {
    name: "VAS-P1",
    key: "passkit",
    answer: answerWith(published),
    message: "499g3sYcKCp7WVI9qVogyT",
    time: 710_606_390,
    phoneKey: null,
  },
  {
    name: "VAS-S1",
    key: "springcard",
    answer: bytes(
      "70539f2a009f274d858b5242a3fa21cd054ec0d76f4aeb46e6a4db5b7aeeeb2fa55d0f33a469ba7190847060749f58c7870b60fa6364177a337fe16ebd43280774d265f341170b3b3a19b05bb2ec3c5d5f97e7d2009000",
    ),
    message: "SYNTH-SPRINGCARD-0001",
    time: 0x2d000000,
    phoneKey: bytes("dc0643dd99dee969964805769049a853a8e8d6c7b58234631ec653e6ecaca363"),
  },
  {
    name: "VAS-S3",
    key: "zebra",
    answer: bytes(
      "707e9f2a009f2778155b426f5d35e0c70fbf3d858a2da713f0971e1cc8e29e44b05ef67bf6460adb6ad95631d9da04d968c99bc29b1c3a8e37e5e11bb4f793f30fe599e9d65392529d409800354f87c770cc1f7fe702d4812215a836a0a25117391d8565efbdc81f14dccbcf992f8abcc36f591562cd0b8e4c42a00791a9fe389000",
    ),
    message: `${"Z".repeat(57)}\u00e9\u00ff\u20ac`,
    time: 0x2d000002,
    phoneKey: bytes("6c361f27af5fcbf8244b30679dc8d9c9604609215f05d146a8ee7b49ec291125"),
  },
];

export const phoneEpoch = 978_307_200;

export function demoPassType(name: DemoKeyName): { readonly id: string; readonly keys: readonly KeyObject[] } {
  const { passType, privateKey } = demoKey(name);
  return { id: passType, keys: [readPrivateKey(privateKey)] };
}

/** The commands and the phone's usual answer to the first, in hex. */
export const selectWallet = "00a404000a4f53452e5641532e303100";
export const walletAnswer = "6f1d50084170706c655061799f210201009f2404112233449f23040000001e9000";
