// The words of the language in use, for components: drawn anew when it is another.
import { useSyncExternalStore } from "react";
import { currentTranslate, onLanguage } from "./start";

export function useTranslation() {
  return { t: useSyncExternalStore(onLanguage, currentTranslate) };
}
