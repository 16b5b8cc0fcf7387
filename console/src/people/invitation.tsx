// Whoever was invited, or has lost their password, sets one by a code.
import { useMutation } from "@tanstack/react-query";
import { Link, useSearch } from "../ui/router";
import { useTranslation } from "../i18n/use";
import { api } from "../api/client";
import { Button, Fault, Field, buttonLook } from "../ui/parts";
import { Doorway, filled } from "./entrance";

export default function Invitation() {
  const { t } = useTranslation();
  const { user } = useSearch<{ user?: string }>();
  const doing = useMutation({
    mutationFn: ({ user, ...rest }: Record<string, string>) =>
      api.POST("/api/v1/users/{user}:redeem_code", {
        params: { path: { user: user ?? "" } },
        body: rest as never,
      }),
  });
  return (
    <Doorway title={t("code_title")} about={doing.isSuccess ? t("code_done") : t("code_about")}>
      {doing.isSuccess ? (
        <Link to="/" className={buttonLook("main")}>
          {t("sign_in_title")}
        </Link>
      ) : (
        <form className="flex flex-col gap-4" onSubmit={(event) => doing.mutate(filled(event))}>
          <Field label={t("code_user")} hint={t("code_user_hint")} name="user" required defaultValue={user} className="font-mono" />
          <Field label={t("code")} name="code" required autoComplete="one-time-code" className="font-mono" />
          <Field label={t("password")} hint={t("password_hint")} name="password" type="password" required minLength={12} maxLength={256} autoComplete="new-password" />
          <Fault error={doing.error} />
          <Button type="submit" kind="main" busy={doing.isPending}>
            {t("code_submit")}
          </Button>
        </form>
      )}
    </Doorway>
  );
}
