// A server behind the gateway: upstream, service and route in one step, all of it or nothing.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "../../../ui/router";
import { useState } from "react";
import { useTranslation } from "../../../i18n/use";
import { api } from "../../../api/client";
import { Dialog } from "../../../ui/dialog";
import { Button, Code, Fault, Field } from "../../../ui/parts";

export function ServerDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("server_title")} open={open} onClose={onClose} drawer>
      <ServerForm onDone={onClose} />
    </Dialog>
  );
}

/** `host:port` as an endpoint is written: an address, or a name to look up. */
function endpoint(text: string) {
  const port = Number(text.slice(text.lastIndexOf(":") + 1));
  const host = text.slice(0, text.lastIndexOf(":"));
  const isAddress = /^[\d.]+$/.test(host) || host.startsWith("[");
  return isAddress ? { address: text } : { dns: { name: host, port } };
}

function objects(name: string, address: string, path: string) {
  return [
    { kind: "upstream", name, config: { name, endpoints: [endpoint(address)] } },
    { kind: "service", name, config: { name, http: { upstream: name } } },
    {
      kind: "route",
      name,
      config: { name, service: name, ...(path && path !== "/" ? { match: [{ path: { prefix: path } }] } : {}) },
    },
  ];
}

function ServerForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [path, setPath] = useState("");
  const wanted = objects(name || "orders", address || "127.0.0.1:9001", path || `/${name || "orders"}`);
  const make = useMutation({
    mutationFn: () => api.POST("/api/v1/objects:apply", { body: { objects: wanted } as never }),
    onSuccess: async () => {
      await queries.invalidateQueries();
      onDone();
      await navigate({ to: "/services/$name", params: { name } });
    },
  });
  return (
    <form
      className="flex flex-col gap-4"
      onChange={() => make.reset()}
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <Field label={t("name")} hint={t("import_name_hint")} required autoFocus pattern="[a-z0-9\-]{1,63}" className="font-mono" value={name} onChange={(event) => setName(event.target.value)} />
      <Field label={t("server_address")} hint={t("server_address_hint")} required pattern=".+:\d{1,5}" className="font-mono" value={address} onChange={(event) => setAddress(event.target.value)} />
      <Field label={t("server_path")} hint={t("server_path_hint")} pattern="/.*" placeholder={`/${name || "orders"}`} className="font-mono" value={path} onChange={(event) => setPath(event.target.value)} />
      <Fault error={make.error} />
      <div>
        <Button type="submit" kind="main" busy={make.isPending}>
          {t("server_do")}
        </Button>
      </div>
      <Code label={t("server_yaml")} text={wanted.map(({ kind, config }) => `${kind}s:\n  - ${JSON.stringify(config)}`).join("\n")} />
    </form>
  );
}
