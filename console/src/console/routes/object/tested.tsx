// Asks a provider, as it stands in the form, whether it answers and takes its credentials.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../../api/client";
import type { Tree } from "../../../form/change";
import { useTranslation } from "../../../i18n/use";
import { Dialog } from "../../../ui/dialog";
import { Button } from "../../../ui/parts";
import { Verdict } from "../models/verdict";

export function Tested({ config, stored }: { config: Tree; stored?: string }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const test = useMutation({
    mutationFn: () =>
      stored
        ? body(api.POST("/api/v1/providers/{name}:test", { params: { path: { name: stored } } }))
        : body(api.POST("/api/v1/providers:test", { body: config as never })),
  });
  return (
    <>
      <Button
        busy={test.isPending}
        onClick={() => {
          setOpen(true);
          test.mutate();
        }}
      >
        {t("test")}
      </Button>
      <Dialog title={t("test_title", { name: String(config.name || config.kind) })} open={isOpen} onClose={() => setOpen(false)}>
        <Verdict test={test} />
      </Dialog>
    </>
  );
}
