// What one side said, and what it took.
import { useTranslation } from "../../../i18n/use";
import { count } from "../../../ui/number";
import { Copy } from "../../../ui/parts";
import type { Facts, Said } from "./ask";

export function Turn({ said, facts, isComing }: { said: Said; facts?: Facts; isComing: boolean }) {
  const { t } = useTranslation();
  const isMine = said.role === "user";
  return (
    <div className={isMine ? "border-l-2 border-edge pl-4" : "flex flex-col gap-2 pl-4"}>
      <p className="text-xs text-muted">{t(isMine ? "said_by_me" : "said_by_model")}</p>
      {said.thought && (
        <details>
          <summary className="text-xs text-muted">{t("thought")}</summary>
          <p className="pt-1 whitespace-pre-wrap text-muted">{said.thought}</p>
        </details>
      )}
      <p aria-live={isComing ? "polite" : undefined} className="max-w-prose whitespace-pre-wrap break-words">
        {said.text || (isComing && !said.calls ? "…" : "")}
      </p>
      {said.calls?.map((call, at) => (
        <pre key={at} tabIndex={0} className="overflow-x-auto rounded-md border border-rule bg-wash p-3 font-mono text-[13px]">
          {call.name}({call.arguments})
        </pre>
      ))}
      {facts && <Took facts={facts} />}
    </div>
  );
}

function Took({ facts }: { facts: Facts }) {
  const { t } = useTranslation();
  const ms = (value: number | undefined) => value !== undefined && `${Math.round(value)} ms`;
  const all: [string, string | false | undefined][] = [
    [t("deployment"), facts.deployment],
    [t("attempts"), facts.attempts],
    [t("first_token"), ms(facts.first)],
    [t("whole_answer"), ms(facts.whole)],
    [t("tokens_in_out"), facts.prompt !== undefined && `${count(facts.prompt)} / ${count(facts.completion)}`],
    [t("cost"), facts.cost !== undefined && `$${facts.cost}`],
    [t("cache"), facts.cache],
  ];
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-1 border-t border-rule pt-2 text-xs">
      {all
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name} className="flex gap-2">
            <dt className="text-muted">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      {facts.request && (
        <div className="flex gap-2">
          <dt className="text-muted">{t("request_id")}</dt>
          <dd>
            <Copy text={facts.request} />
          </dd>
        </div>
      )}
    </dl>
  );
}
