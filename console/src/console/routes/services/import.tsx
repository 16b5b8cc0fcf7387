// A service from a description of its API: checked first, then made in one step with its routes.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "../../../ui/router";
import { useRef, useState } from "react";
import { useTranslation } from "../../../i18n/use";
import { api, body } from "../../../api/client";
import type { Finding } from "../../../api/questions";
import { Dialog } from "../../../ui/dialog";
import { Button, Fault, Field, State, TextArea } from "../../../ui/parts";

type Checked = { lint: { findings: Finding[] } };

export function ImportDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("import_title")} open={open} onClose={onClose} drawer>
      <ImportForm onDone={onClose} />
    </Dialog>
  );
}

function ImportForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const file = useRef<HTMLInputElement>(null);
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [upstream, setUpstream] = useState("");
  const [prefix, setPrefix] = useState("");
  const send = (validate_only: boolean) =>
    body(
      api.POST("/api/v1/services/{name}:import", {
        params: { path: { name }, query: { validate_only } },
        body: {
          description: text,
          routes: "prefix",
          ...(upstream ? { upstream } : {}),
          ...(prefix ? { prefix } : {}),
        } as never,
      }),
    );
  const check = useMutation({ mutationFn: () => send(true) });
  const make = useMutation({
    mutationFn: () => send(false),
    onSuccess: async () => {
      await queries.invalidateQueries();
      onDone();
      await navigate({ to: "/services/$name", params: { name } });
    },
  });
  const checked = check.data as Checked | undefined;
  const findings = checked?.lint.findings ?? [];
  return (
    <form
      className="flex flex-col gap-4"
      onChange={() => {
        check.reset();
        make.reset();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <Field
        label={t("name")}
        hint={t("import_name_hint")}
        required
        autoFocus
        pattern="[a-z0-9\-]{1,63}"
        className="font-mono"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextArea
        label={t("import_text")}
        hint={t("import_text_hint")}
        required
        rows={10}
        spellCheck={false}
        className="font-mono text-[13px]"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <input
        ref={file}
        type="file"
        accept=".yaml,.yml,.json"
        hidden
        onChange={async (event) => {
          const chosen = event.target.files?.[0];
          if (!chosen) return;
          setText(await chosen.text());
          if (!name) {
            const stem = chosen.name.replace(/\.[^.]*$/, "").toLowerCase();
            setName(stem.replace(/[^a-z0-9-]+/g, "-").slice(0, 63));
          }
        }}
      />
      <div>
        <Button onClick={() => file.current?.click()}>{t("import_file")}</Button>
      </div>
      <Field label={t("upstream")} hint={t("import_upstream_hint")} value={upstream} onChange={(event) => setUpstream(event.target.value)} className="font-mono" />
      <Field label={t("import_prefix")} hint={t("import_prefix_hint")} value={prefix} onChange={(event) => setPrefix(event.target.value)} className="font-mono" placeholder="/orders" />
      <Fault error={make.error ?? check.error} />
      {checked && (
        <div className="flex flex-col gap-2" role="status">
          <State shape="good">{t("import_possible")}</State>
          {findings.length > 0 && (
            <details>
              <summary>{t("import_findings", { count: findings.length })}</summary>
              <ul className="mt-2 flex flex-col gap-1 text-xs text-muted">
                {findings.slice(0, 50).map((finding, at) => (
                  <li key={`${finding.rule}${at}`}>
                    {finding.line !== undefined && `${finding.line}: `}
                    {finding.message}
                  </li>
                ))}
              </ul>
            </details>
          )}
        </div>
      )}
      <div className="flex gap-2">
        <Button type="submit" kind="main" busy={make.isPending}>
          {t("import_do")}
        </Button>
        <Button busy={check.isPending} disabled={!name || !text} onClick={() => check.mutate()}>
          {t("import_check")}
        </Button>
      </div>
    </form>
  );
}
