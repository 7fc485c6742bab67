import { readerSuite } from "./reader-suite.ts";
import { obstacle } from "./virtual.ts";

readerSuite("nfc-pcsc", await obstacle("nfc-pcsc", "reader-nfc-pcsc.test.ts"));
