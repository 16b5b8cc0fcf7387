// What came of a test of a provider, by each of its credentials.
import type { Schemas } from "../../../api/client";
import { useTranslation } from "../../../i18n/use";
import { Pending } from "../../../ui/page";
import { Fault, State } from "../../../ui/parts";

type Test = { isPending: boolean; error: unknown; data?: Schemas["ProviderTestBody"] };

export function Verdict({ test }: { test: Test }) {
  const { t } = useTranslation();
  return (
    <>
      {test.isPending && <Pending />}
      <Fault error={test.error} />
      {test.data?.credentials.map((one, at) => (
        <div key={`${one.credential}${at}`} className="flex flex-col gap-1">
          <State shape={one.passed ? "good" : "bad"}>
            {[one.credential, t(one.passed ? "test_passed" : "test_failed"), `${Math.round(one.latency_ms)} ms`].filter(Boolean).join(" · ")}
          </State>
          {one.asked && <code className="font-mono text-xs break-all text-muted">{one.asked}</code>}
          {one.error && <p className="text-clay">{one.error.message}</p>}
          {one.note && <p className="text-muted">{one.note}</p>}
          {!!one.model_count && <p className="text-muted">{t("test_models", { count: one.model_count })}</p>}
        </div>
      ))}
    </>
  );
}
