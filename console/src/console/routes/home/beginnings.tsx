// What to begin with, and the demo: made in one click, kept alive while somebody looks, and removed
// in one click.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Blocks, BrainCircuit, FlaskConical, type LucideIcon, Plug } from "lucide-react";
import { useEffect, useState } from "react";
import { listeners, services } from "../../../api/questions";
import { callDemo, isDemo, makeDemo, removeDemo } from "../../../demo/demo";
import { DEMO, DEMO_APPLICATION } from "../../../demo/objects";
import { useTranslation } from "../../../i18n/use";
import { Dialog } from "../../../ui/dialog";
import { Section } from "../../../ui/page";
import { Button, Code, Fault } from "../../../ui/parts";
import { Link, useNavigate } from "../../../ui/router";
import { ImportDialog } from "../services/import";
import { ServerDialog } from "../services/server";

/** Between two calls of the demo, in milliseconds. */
const PACE = 2_000;
/** Calls that are made at once, so that there is something to see. */
const FIRST_CALLS = 60;

/** The key of this page's demo, for as long as the page is open: it is kept nowhere. */
let demoKey: string | undefined;

export function Beginnings({ isFirst }: { isFirst: boolean }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [open, setOpen] = useState<"import" | "server">();
  const make = useMutation({
    mutationFn: async () => {
      demoKey = await makeDemo();
      for (let turn = 0; turn < FIRST_CALLS; turn += 1) await callDemo(turn, demoKey).catch(() => undefined);
    },
    onSettled: () => queries.invalidateQueries(),
  });
  if (!isFirst) return <Demo />;
  const card = (Icon: LucideIcon, word: string, onClick: () => void, busy = false) => (
    <button
      type="button"
      disabled={make.isPending}
      aria-busy={busy || undefined}
      onClick={onClick}
      className="flex items-start gap-4 rounded-md border border-edge bg-sheet p-5 text-left hover:bg-wash disabled:opacity-60"
    >
      <Icon size={20} aria-hidden className="mt-0.5 shrink-0 text-clay" />
      <span className="flex flex-col gap-1">
        <span className="font-semibold">{busy ? t("demo_making") : t(`card_${word}`)}</span>
        <span className="text-muted">{t(`card_${word}_about`)}</span>
      </span>
    </button>
  );
  return (
    <Section title={t("start_title")}>
      <div className="grid gap-4 sm:grid-cols-2">
        {card(Blocks, "import", () => setOpen("import"))}
        {card(BrainCircuit, "provider", () => navigate({ to: "/new/$kind", params: { kind: "provider" } }))}
        {card(Plug, "mcp", () => navigate({ to: "/new/$kind", params: { kind: "mcp_server" } }))}
        {card(FlaskConical, "demo", () => make.mutate(), make.isPending)}
      </div>
      <Fault error={make.error} />
      <div className="flex flex-wrap items-center gap-2 text-muted">
        {t("start_server")}
        <Button onClick={() => setOpen("server")}>{t("card_service")}</Button>
      </div>
      <ImportDialog open={open === "import"} onClose={() => setOpen(undefined)} />
      <ServerDialog open={open === "server"} onClose={() => setOpen(undefined)} />
    </Section>
  );
}

/** What is said of the demo while it is there, and its calls. */
function Demo() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const listed = useQuery(services);
  const doors = useQuery({ ...listeners, retry: false });
  const isThere = !!listed.data?.some(isDemo);
  const [isGoing, setGoing] = useState(false);
  useEffect(() => {
    if (!isThere) return undefined;
    let turn = 0;
    const timer = setInterval(() => {
      // Nobody looks: nothing is pretended.
      if (document.hidden) return;
      turn += 1;
      void callDemo(turn, demoKey).catch(() => undefined);
    }, PACE);
    return () => clearInterval(timer);
  }, [isThere]);
  const remove = useMutation({
    mutationFn: removeDemo,
    onSuccess: async () => {
      demoKey = undefined;
      setGoing(false);
      await queries.invalidateQueries();
    },
  });
  if (!isThere) return null;
  const door = doors.data?.find(({ config }) => ["http", "https", undefined].includes(config.protocol as string))?.config;
  const web = `${door?.protocol === "https" ? "https" : "http"}://${door?.address.replace(/^(0\.0\.0\.0|\[::\])/, location.hostname)}`;
  return (
    <div className="flex flex-col gap-3 border-l-2 border-clay pl-4">
      <div className="flex flex-wrap items-start justify-between gap-4">
        <p className="max-w-2xl">
          <span className="font-medium">{t("demo_is_there")}</span> <span className="text-muted">{t("demo_about")}</span>
        </p>
        <Button onClick={() => setGoing(true)}>{t("demo_remove")}</Button>
      </div>
      <p className="flex flex-wrap gap-x-6 gap-y-1">
        <Link to="/services/$name" params={{ name: DEMO }} search={{ tab: "api" }} className="underline underline-offset-4">
          {t("demo_see_api")}
        </Link>
        <Link to="/playground" className="underline underline-offset-4">
          {t("demo_see_chat")}
        </Link>
        <Link to="/approvals" className="underline underline-offset-4">
          {t("demo_see_approvals")}
        </Link>
        <Link to="/applications/$name" params={{ name: DEMO_APPLICATION }} className="underline underline-offset-4">
          {t("demo_see_application")}
        </Link>
      </p>
      {demoKey && door && (
        <div className="max-w-3xl">
          <p className="pb-2 text-xs text-muted">{t("demo_key")}</p>
          <Code text={`curl ${web}/${DEMO}/items -H "authorization: Bearer ${demoKey}"`} />
        </div>
      )}
      <Dialog title={t("demo_remove")} open={isGoing} onClose={() => setGoing(false)}>
        <p>{t("demo_remove_about")}</p>
        <Fault error={remove.error} />
        <div className="flex gap-2">
          <Button kind="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
            {t("demo_remove")}
          </Button>
          <Button onClick={() => setGoing(false)}>{t("cancel")}</Button>
        </div>
      </Dialog>
    </div>
  );
}
