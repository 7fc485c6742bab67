import { german } from "./de.ts";
import { english } from "./en.ts";
import { spanish } from "./es.ts";
import type { Words } from "./words.ts";

export type { PageWords, ReasonSaying, Saying, Sentence, StateSaying, Words } from "./words.ts";

const languages: readonly Words[] = [english, german, spanish];

/** BCP 47 tags of the shipped languages. */
export const shippedLocales: readonly string[] = languages.map((words) => words.locale);

/** The words for a BCP 47 tag, by its language part (`de-AT` gives German); English for a language that is not shipped. */
export function wordsFor(locale: string): Words {
  const language = locale.toLowerCase().split(/[-_]/)[0];
  return languages.find((words) => words.locale === language) ?? english;
}
