// Who one is here, how the pages look and in which language, and the way out.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LogOut } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "../i18n/use";
import { type Identity, api } from "../api/client";
import { type Language, chooseLanguage, currentLanguage, languages } from "../i18n/start";
import { type Theme, chooseTheme, chosenTheme } from "../theme/theme";

const quiet = "h-8 w-full min-w-0 rounded-md border border-rule bg-paper px-2 text-xs text-ink";

export function Looks() {
  const { t } = useTranslation();
  const [theme, setTheme] = useState(chosenTheme());
  return (
    <div className="grid grid-cols-2 gap-2">
      <select
        aria-label={t("theme")}
        value={theme}
        className={quiet}
        onChange={(event) => {
          chooseTheme(event.target.value as Theme);
          setTheme(chosenTheme());
        }}
      >
        {(["system", "light", "dark"] as const).map((theme) => (
          <option key={theme} value={theme}>
            {t(`theme_${theme}`)}
          </option>
        ))}
      </select>
      <select
        aria-label={t("language")}
        value={currentLanguage()}
        className={quiet}
        onChange={(event) => void chooseLanguage(event.target.value as Language)}
      >
        {Object.entries(languages).map(([language, name]) => (
          <option key={language} value={language} lang={language}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Account({ identity }: { identity: Identity | null }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: () => api.DELETE("/api/v1/session"),
    onSettled: () => queries.resetQueries(),
  });
  const isUser = identity?.kind === "user";
  return (
    <div className="flex flex-col gap-3 px-1">
      {identity && (
        <div className="flex items-center justify-between gap-2 px-2 text-xs">
          <span className="min-w-0 truncate text-muted" title={identity.name}>
            <span className="sr-only">{isUser && t("signed_in_as", { name: "" })}</span>
            {isUser ? identity.name : t("as_loopback")}
          </span>
          {isUser && (
            <button
              type="button"
              onClick={() => leave.mutate()}
              className="rounded-md p-1 text-muted hover:bg-wash hover:text-ink"
              title={t("sign_out")}
            >
              <LogOut size={16} aria-hidden />
              <span className="sr-only">{t("sign_out")}</span>
            </button>
          )}
        </div>
      )}
      <Looks />
    </div>
  );
}
