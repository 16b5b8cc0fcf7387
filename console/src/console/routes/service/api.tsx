// The description of a service's API, rendered, with what the rules find in it.
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../i18n/use";
import { apiRoot } from "../../../api/client";
import { description, lint } from "../../../api/questions";
import { readDescription } from "../../../reference/read";
import { Tried } from "../../../reference/tried";
import { Empty, Pending, Section } from "../../../ui/page";
import { Fault, State } from "../../../ui/parts";
import type { ServiceProps } from "../service";

export default function Api({ service }: ServiceProps) {
  const { t } = useTranslation();
  const { data: text, error } = useQuery(description(service.name));
  const read = useQuery({
    queryKey: ["read", service.name, text],
    enabled: !!text,
    retry: false,
    queryFn: () => readDescription(text ?? ""),
  });
  const found = useQuery({ ...lint(service.name), enabled: !!text });
  if (text === undefined) return <Pending error={error} />;
  if (!text) {
    const curl = `curl -X PUT ${apiRoot}/api/v1/services/${service.name}/api \\\n  -H "authorization: Bearer $TOKEN" -H "content-type: application/json" \\\n  -d "$(jq -Rs '{text: .}' ${service.name}.yaml)"`;
    return (
      <Empty title={t("api_none")} curl={curl}>
        {t("api_none_about")}
      </Empty>
    );
  }
  if (read.error) return <Fault error={new Error(`${t("description_invalid")} ${(read.error as Error).message}`)} />;
  if (!read.data) return <Pending />;
  const findings = found.data?.findings ?? [];
  return (
    <>
      {read.data.about && <p className="max-w-prose whitespace-pre-line">{read.data.about}</p>}
      <Tried service={service.name} description={read.data} />
      {found.data && (
        <Section title={t("api_lint")}>
          {findings.length === 0 && <p className="text-muted">{t("api_lint_none")}</p>}
          <ul>
            {findings.map((one, at) => (
              <li key={`${one.rule}${one.pointer}${at}`} className="flex flex-wrap items-baseline gap-x-4 border-b border-rule py-2">
                <State shape={one.severity === "error" ? "bad" : "calm"}>{one.severity}</State>
                <span className="min-w-0 flex-1 break-words">{one.message}</span>
                <code className="font-mono text-xs text-muted">
                  {one.rule}
                  {one.line ? ` · ${one.line}` : ""}
                </code>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}
