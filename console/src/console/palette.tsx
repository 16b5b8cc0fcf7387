// Everything one can go to, by a few letters of its name: opened by Ctrl-K.
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useState } from "react";
import { applications, services } from "../api/questions";
import { useTranslation } from "../i18n/use";
import { Dialog } from "../ui/dialog";
import { cx, inputLook } from "../ui/parts";
import { type Way, useNavigate } from "../ui/router";

type Goal = { key: string; name: string; kind: string; way: Way };

/** How many are offered at once. */
const SHOWN = 12;

export default function Palette({ places, isUser, onClose }: { places: [string, string][]; isUser: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [word, setWord] = useState("");
  const [at, setAt] = useState(0);
  const all = useQuery(services);
  const callers = useQuery({ ...applications, enabled: isUser, retry: false });
  const goals: Goal[] = [
    ...places.map(([to, name]) => ({ key: to, name: t(name), kind: "", way: { to } })),
    ...(all.data ?? []).map(({ name }) => ({ key: `service ${name}`, name, kind: t("service"), way: { to: "/services/$name", params: { name } } })),
    ...(callers.data ?? []).map(({ name }) => ({ key: `application ${name}`, name, kind: t("application"), way: { to: "/applications/$name", params: { name } } })),
  ];
  const wanted = word.toLowerCase();
  const found = goals.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, SHOWN);
  const chosen = Math.min(at, found.length - 1);
  const take = (goal?: Goal) => {
    if (!goal) return;
    onClose();
    navigate(goal.way);
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((chosen + step + found.length) % Math.max(found.length, 1));
    }
    if (event.key === "Enter") take(found[chosen]);
  };
  return (
    <Dialog title={t("go_to")} open onClose={onClose}>
      <div className="flex flex-col gap-2">
        <input
          role="combobox"
          aria-label={t("go_to")}
          aria-expanded
          aria-controls="goals"
          aria-activedescendant={found[chosen] && `goal-${chosen}`}
          autoFocus
          value={word}
          onChange={(event) => {
            setWord(event.target.value);
            setAt(0);
          }}
          onKeyDown={press}
          className={inputLook}
        />
        <ul id="goals" role="listbox" aria-label={t("go_to")} className="min-h-40">
          {found.map((goal, index) => (
            <li
              key={goal.key}
              id={`goal-${index}`}
              role="option"
              aria-selected={index === chosen}
              onClick={() => take(goal)}
              onPointerMove={() => setAt(index)}
              className={cx("flex h-9 cursor-pointer items-center justify-between gap-4 rounded-md px-3", index === chosen && "bg-wash")}
            >
              <span className="truncate">{goal.name}</span>
              <span className="text-xs text-muted">{goal.kind}</span>
            </li>
          ))}
        </ul>
        {found.length === 0 && <p className="text-muted">{t("nothing_fits")}</p>}
      </div>
    </Dialog>
  );
}
