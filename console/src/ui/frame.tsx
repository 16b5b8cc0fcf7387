// The frame of a face: a rail with where one can go beside the page, above it on a narrow screen.
import { Menu, X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "../i18n/use";
import { usePath } from "./router";
import { Mark, cx } from "./parts";

export function Frame({
  word,
  places,
  account,
  children,
}: {
  word: string;
  places: ReactNode;
  account: ReactNode;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const path = usePath();
  useEffect(() => setOpen(false), [path]);
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[224px_1fr]">
      <a
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("content")?.focus();
        }}
        className="sr-only z-10 rounded-md bg-fired px-3 py-2 text-onfired focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t("skip")}
      </a>
      <header className="border-rule max-md:border-b md:sticky md:top-0 md:flex md:h-dvh md:flex-col md:border-r">
        <div className="flex h-14 items-center gap-3 px-4 md:px-6">
          <Mark />
          <span className="font-semibold tracking-tight">Architrave</span>
          <span className="text-muted">{word}</span>
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls="rail"
            onClick={() => setOpen(!isOpen)}
            className="-mr-2 ml-auto rounded-md p-2 hover:bg-wash md:hidden"
          >
            {isOpen ? <X size={20} aria-hidden /> : <Menu size={20} aria-hidden />}
            <span className="sr-only">{t("menu")}</span>
          </button>
        </div>
        <div
          id="rail"
          className={cx(
            "flex-1 flex-col gap-6 overflow-y-auto px-3 pb-4 md:flex",
            isOpen ? "flex" : "max-md:hidden",
          )}
        >
          <nav aria-label={word} className="flex flex-col gap-1">
            {places}
          </nav>
          <div className="md:mt-auto">{account}</div>
        </div>
      </header>
      <main id="content" tabIndex={-1} className="min-w-0 outline-none">
        {children}
      </main>
    </div>
  );
}
