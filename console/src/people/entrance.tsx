// Before anybody is let in: who sets up when nobody has, and who signs in afterwards.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect } from "react";
import { useTranslation } from "../i18n/use";
import { Link } from "../ui/router";
import { type Identity, Refusal, api, apiRoot, body, keepCsrf } from "../api/client";
import { session, setup, signInProviders } from "../api/questions";
import { Button, Fault, Field, Mark, buttonLook } from "../ui/parts";
import { Looks } from "./account";

/** One narrow form in the middle of the paper. */
export function Doorway({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Architrave`;
  }, [title]);
  return (
    <div className="flex min-h-dvh flex-col px-6">
      <main className="mx-auto flex w-full max-w-sm flex-1 flex-col justify-center gap-6 py-12">
        <Mark size={36} />
        <div>
          <h1 className="text-2xl leading-8 font-semibold tracking-tight">{title}</h1>
          {about && <p className="mt-1 text-muted">{about}</p>}
        </div>
        {children}
      </main>
      <footer className="mx-auto w-full max-w-sm pb-6">
        <Looks />
      </footer>
    </div>
  );
}

/** What was filled into a form, by the names of its fields. */
export function filled(event: FormEvent<HTMLFormElement>) {
  event.preventDefault();
  const values = [...new FormData(event.currentTarget)];
  return Object.fromEntries(values.map(([name, value]) => [name, String(value).trim()]));
}

export function Entrance({ face }: { face: "console" | "portal" }) {
  const { t } = useTranslation();
  const { data, error, isPending } = useQuery({ ...setup, enabled: face === "console" });
  if (face === "portal") return <SignIn />;
  if (isPending) return null;
  if (error instanceof Refusal && error.code === "no_database") {
    return <Doorway title={t("no_users_title")} about={t("no_users_about")}>{null}</Doorway>;
  }
  if (error || !data?.complete) return <SetUp />;
  return <SignIn />;
}

function useLetIn() {
  const queries = useQueryClient();
  return (identity: Identity) => {
    keepCsrf(identity);
    queries.setQueryData(session.queryKey, identity);
    void queries.invalidateQueries();
  };
}

function SetUp() {
  const { t } = useTranslation();
  const letIn = useLetIn();
  const queries = useQueryClient();
  const doing = useMutation({
    mutationFn: (values: Record<string, string>) =>
      body(api.POST("/api/v1/setup", { body: values as never })),
    onSuccess: letIn,
    onError: (error) => {
      // Somebody else was faster.
      if (error instanceof Refusal && error.status === 409) void queries.invalidateQueries(setup);
    },
  });
  return (
    <Doorway title={t("setup_title")} about={t("setup_about")}>
      <form className="flex flex-col gap-4" onSubmit={(event) => doing.mutate(filled(event))}>
        <Field label={t("setup_code")} hint={t("setup_code_hint")} name="code" required autoFocus autoComplete="one-time-code" className="font-mono uppercase placeholder:normal-case" />
        <Field label={t("display_name")} name="display_name" required autoComplete="name" />
        <Field label={t("email")} name="email" type="email" required autoComplete="username" />
        <Field label={t("password")} hint={t("password_hint")} name="password" type="password" required minLength={12} maxLength={256} autoComplete="new-password" />
        <Fault error={doing.error} />
        <Button type="submit" kind="main" busy={doing.isPending}>
          {t("setup_submit")}
        </Button>
      </form>
    </Doorway>
  );
}

function SignIn() {
  const { t } = useTranslation();
  const letIn = useLetIn();
  const { data: others } = useQuery(signInProviders);
  const doing = useMutation({
    mutationFn: (values: Record<string, string>) =>
      body(api.POST("/api/v1/session", { body: values as never })),
    onSuccess: letIn,
  });
  const back = encodeURIComponent(location.pathname + location.search);
  return (
    <Doorway title={t("sign_in_title")}>
      <form className="flex flex-col gap-4" onSubmit={(event) => doing.mutate(filled(event))}>
        <Field label={t("email")} name="email" type="email" required autoFocus autoComplete="username" />
        <Field label={t("password")} name="password" type="password" required autoComplete="current-password" />
        <Fault error={doing.error} />
        <Button type="submit" kind="main" busy={doing.isPending}>
          {t("sign_in_submit")}
        </Button>
      </form>
      {!!others?.providers.length && (
        <div className="flex flex-col gap-2">
          {others.providers.map(({ name, title }) => (
            <a
              key={name}
              href={`${apiRoot}/api/v1/session/providers/${encodeURIComponent(name)}:begin?return_to=${back}`}
              className={buttonLook("plain")}
            >
              {t("sign_in_with", { name: title || name })}
            </a>
          ))}
        </div>
      )}
      <p>
        <Link to="/invitation" className="text-clay underline underline-offset-4">
          {t("have_code")}
        </Link>
      </p>
    </Doorway>
  );
}
