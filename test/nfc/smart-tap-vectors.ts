import { readPrivateKey } from "../../drivers/nfc/cards/keys.ts";
import { ephemeralKey, type SessionSecrets, type SmartTapSetup } from "../../drivers/nfc/cards/smart-tap/index.ts";
import { type DemoCollectorName, demoCollector } from "../../fixtures/wallet/index.ts";
import { bytes, hexOf } from "./vas-vectors.ts";

/** Smart Tap sessions byte for byte. P1, P3 and P4 were published; S1 was made for tests. */

export const selectSmartTap = "00a4040009a000000476d000011100";

/** Reads what a demo merchant's phones hold. */
export function demoSetup(name: DemoCollectorName): SmartTapSetup {
  const { collectorId, keyVersion, privateKey } = demoCollector(name);
  return { collectorId, keys: [{ version: keyVersion, key: readPrivateKey(privateKey) }] };
}

/** ST-P1: the signature of a real terminal with everything that is signed. It starts to count at 0. */
export const p1 = {
  selectReply: "00000001dc0321036d646e6d646e0455e5a03b5bf44d3f8802c55fc57acc954b0fe0d9ec5a10f1531467089226222c9000",
  phoneNonce: "55e5a03b5bf44d3f8802c55fc57acc954b0fe0d9ec5a10f1531467089226222c",
  terminalNonce: "4fee8aa71dd52fc838962dbfa27778bfd423dc1a195631ed2445a5bd67637d91",
  terminalKey: "036f932f3eca62d1cc1915013421f00e185e1145a52d653c1e08b78a8418d37b0b",
  signature:
    "3045022100abd74346b76404d7d8bf81abbaaf35e351e06e2a7157c516bb17807ae966024902202d89821a410330bbb8c42ac22e8e2f88ecf479b2ca4325b40800026aaea7b4cb",
  sessionId: "6b159a80fc8283fd",
  negotiateData:
    "d403b76e6772000194030a7365736b159a80fc8283fd000154039f6370724fee8aa71dd52fc838962dbfa27778bfd423dc1a195631ed2445a5bd67637d9101036f932f3eca62d1cc1915013421f00e185e1145a52d653c1e08b78a8418d37b0b00000001940348736967043045022100abd74346b76404d7d8bf81abbaaf35e351e06e2a7157c516bb17807ae966024902202d89821a410330bbb8c42ac22e8e2f88ecf479b2ca4325b40800026aaea7b4cb540305636c640400cc29bc",
} as const;

/** ST-P3: what the wallet of a real phone says; it need not be selected. */
export const p3 =
  "6f8184500a416e64726f6964506179c0020001c108cc00000000008080c22056d2ec8f857f0049aa54f1ca1de2791b5693a7014e6e4565d5644b1c2a305136c32103dfee38dbdb68a607383ad622640b180cc7e27d796b4e788c40e5d994291c71fca523bf0c20611e4f09a000000476d0000111870101730edf6d020000df4d020001df6201039000";

/** ST-P4: the rest of what that phone says, and what it was asked in the end, by a terminal that counts on its own. */
export const p4 = {
  selectReply: "00000001dc0321036d646e6d646e0456d2ec8f857f0049aa54f1ca1de2791b5693a7014e6e4565d5644b1c2a3051369000",
  phoneNonce: "56d2ec8f857f0049aa54f1ca1de2791b5693a7014e6e4565d5644b1c2a305136",
  phoneKey: "03dfee38dbdb68a607383ad622640b180cc7e27d796b4e788c40e5d994291c71fc",
  negotiateReply:
    "d403376e727394030a7365736b159a80fc8283fd010154032164706b03dfee38dbdb68a607383ad622640b180cc7e27d796b4e788c40e5d994291c71fc9000",
  passesData:
    "d4033b737271000194030a7365736b159a80fc8283fd010114030b6d6572d40305636c640401020304140307736c72d40301737472005403057063724100000004",
} as const;

/** A bare wallet, for phones whose nonce comes with Smart Tap. */
export const bareWallet = "6f0c500a416e64726f69645061799000";

/** What P1's terminal drew and signed; the private half of its key is not known, so it can go no further than that. */
export const p1Secrets: SessionSecrets = {
  sessionId: bytes(p1.sessionId),
  terminalNonce: bytes(p1.terminalNonce),
  ephemeral: { publicKey: bytes(p1.terminalKey), agree: () => new Uint8Array(32) },
  sign: () => bytes(p1.signature),
};

/** ST-S1: a whole session with everything that leads to it. */
export const s1 = {
  phoneNonce: "f331c60aac033dadda1e2a77597c8ddec7eae869d7eb51da17c7668d20520d5e",
  terminalKeyScalar: "a4c226d2cc96a76263b021f20f21e956e50b816d0f7356f4a20b2cce134aaa3d",
  terminalKey: "0283f5d423e9b036fa47d1edf3bbee00f4191865be16d7ca824f508c92b63d1d5f",
  phoneKeyScalar: "429eec0a6c8d95f0b16a56e888bf3b8c4642b359ce9e294731f9533104f4e940",
  phoneKey: "038e37d20b3efb6a4368a99f9b904b3c3498c77e7aa351790585992c9a58b0be69",
  signed:
    "9885337e948272ca1e47d17188a86c129b5cb7b8578a6ee181a647644f879407f331c60aac033dadda1e2a77597c8ddec7eae869d7eb51da17c7668d20520d5e0133ee800283f5d423e9b036fa47d1edf3bbee00f4191865be16d7ca824f508c92b63d1d5f",
  signature:
    "3046022100898cbe9c8cfcbd5ebc1511372ea7181d74c41810b1e0f4688c6684911ca7708502210084d78a377d0c30fbff65dafd5b6df5fd615abb72df468a1daf3f9dc0000bff02",
  secret: "7de014724179c113003627855a10a9ba890284ea731c42c9c7217eb1a68a0f32",
  cipherKey: "357cd0b9bca8ac3e659233df35b8249e",
  sealKey: "173a9899e117bc384bcf21d89db7063c0fa5c455b6b844fa6da88ff6d9424309",
  iv: "eb358ad5842cc56836e888ae",
  negotiate:
    "90530000bed403b86e6772000194030a7365738d138f101db18a5401015403a06370729885337e948272ca1e47d17188a86c129b5cb7b8578a6ee181a647644f879407010283f5d423e9b036fa47d1edf3bbee00f4191865be16d7ca824f508c92b63d1d5f00000001940349736967043046022100898cbe9c8cfcbd5ebc1511372ea7181d74c41810b1e0f4688c6684911ca7708502210084d78a377d0c30fbff65dafd5b6df5fd615abb72df468a1daf3f9dc0000bff02540305636c64040133ee8000",
  negotiateReply:
    "d403376e727394030a7365738d138f101db18a54020154032164706b038e37d20b3efb6a4368a99f9b904b3c3498c77e7aa351790585992c9a58b0be699000",
  passes:
    "9050000041d4033b737271000194030a7365738d138f101db18a54030114030b6d6572d40305636c64040133ee80140307736c72d4030173747200540305706372400000000100",
  clear:
    "9403296173769401066904010000000054021a6c799403096f696404339aa74173c475aa59010501546e003230313854034961737694010669040271797971540339637573940311636964049d6417dac5e73fae5e9cb1b9f7590034190103035463706c00656e5403116375740403e9d65bb66dc63e2dd8a4fe6d0d5602",
  passesReply:
    "d403c173727394030a7365738d138f101db18a5404015403ab72656201eb358ad5842cc56836e888ae1983efd47a3cf80accb53878e285b4e4ef06754a2627b6fc028897b6c59e6b97f06a51c643fc1518b50b996aee00a5426c0071a06d1b357d7f7ee8bc1995b18658b6f81211ae246e5f9c11308c602ac95b1ff39474e1f8da96d033fd129df78831a22c18b485e67c98b3fb7c612fa6b549b409ba2d6acd8b3a04e0c879142c549bbd3d9e2488030666294ac59cb658a869fe810268ad547ba648878cdf5d9000",
} as const;

/** What S1's terminal drew. Its signature was made with a nonce that Node cannot choose, so it is given. */
export const s1Secrets: SessionSecrets = {
  sessionId: bytes("8d138f101db18a54"),
  terminalNonce: bytes("9885337e948272ca1e47d17188a86c129b5cb7b8578a6ee181a647644f879407"),
  ephemeral: ephemeralKey(bytes(s1.terminalKeyScalar)),
  sign: (_, signed) => {
    if (hexOf(signed) !== s1.signed) throw new Error("S1 signs something else");
    return bytes(s1.signature);
  },
};
