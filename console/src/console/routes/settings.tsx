// People, teams and what was done: for those who run the gateway.
import { useSearch } from "../../ui/router";
import { useTranslation } from "../../i18n/use";
import { Page } from "../../ui/page";
import { Tabs } from "../../ui/tabs";
import { Audit } from "./settings/audit";
import { Teams } from "./settings/teams";
import { Users } from "./settings/users";

export const settingsTabs = ["users", "teams", "audit"] as const;
export type SettingsTab = (typeof settingsTabs)[number];

const parts = { users: Users, teams: Teams, audit: Audit };

export default function Settings() {
  const { t } = useTranslation();
  const { tab = "users" } = useSearch<{ tab?: SettingsTab }>();
  const Part = parts[tab];
  return (
    <Page title={t("nav_settings")}>
      <Tabs label={t("nav_settings")} current={tab} tabs={settingsTabs.map((one) => [one, t(`tab_${one}`)])} />
      <Part />
    </Page>
  );
}
