// An address that leads nowhere.
import { Link } from "./router";
import { useTranslation } from "../i18n/use";
import { Page } from "./page";
import { buttonLook } from "./parts";

export function NoPage() {
  const { t } = useTranslation();
  return (
    <Page title={t("no_page")} about={t("no_page_about")}>
      <div>
        <Link to="/" className={buttonLook("plain")}>
          {t("to_home")}
        </Link>
      </div>
    </Page>
  );
}
