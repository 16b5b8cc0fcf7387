// The words of the pages, in the language that the browser or the reader prefers.
import { en } from "./en";

export type Words = { [Key in keyof typeof en]: string };
export const languages = { en: "English", "zh-CN": "简体中文" } as const;
export type Language = keyof typeof languages;
/** What fills the holes of a text; `count` chooses between one and many as well. */
export type Fill = Record<string, string | number | null | undefined>;
export type Translate = (key: string, fill?: Fill) => string;

const KEY = "architrave.language";
const changed = new Set<() => void>();
let language: Language = "en";
let translate: Translate = translator("en", en);

export const currentLanguage = () => language;
export const currentTranslate = () => translate;

export function onLanguage(change: () => void) {
  changed.add(change);
  return () => void changed.delete(change);
}

export async function chooseLanguage(wanted: Language) {
  localStorage.setItem(KEY, wanted);
  await speak(wanted);
}

export const startLanguage = () => speak(preferred());

async function speak(wanted: Language) {
  const words: Words = wanted === "en" ? en : (await import("./zh")).zh;
  language = wanted;
  translate = translator(wanted, words);
  document.documentElement.lang = wanted;
  for (const change of changed) change();
}

function preferred(): Language {
  const kept = localStorage.getItem(KEY);
  const wanted = kept ? [kept] : navigator.languages;
  for (const language of wanted) {
    if (language.toLowerCase().startsWith("zh")) return "zh-CN";
    if (language.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

function translator(language: Language, words: Words): Translate {
  const plural = new Intl.PluralRules(language);
  const of = words as Record<string, string>;
  return (key, fill) => {
    const count = fill?.count;
    const form = typeof count === "number" ? of[`${key}_${plural.select(count)}`] : undefined;
    const text = form ?? of[key] ?? of[`${key}_other`] ?? key;
    return fill ? text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(fill[name] ?? "")) : text;
  };
}
