// What is to be done when somebody else has changed the same object meanwhile.
import { useTranslation } from "../i18n/use";
import { Button } from "../ui/parts";
import type { Difference, Merge, Tree } from "./change";

const shown = (value: unknown) => (value === undefined ? "–" : JSON.stringify(value));

export function Merging({ merge, theirs, onTake }: { merge: Merge; theirs: Tree; onTake: (config: Tree) => void }) {
  const { t } = useTranslation();
  return (
    <section role="alert" aria-label={t("merge_title")} className="flex flex-col gap-3 border-l-4 border-clay bg-claywash px-4 py-3">
      <p className="font-medium">{t("merge_title")}</p>
      <Differences title={t("merge_theirs")} all={merge.theirs} />
      {merge.clashes.length > 0 && <Differences title={t("merge_clashes")} all={merge.clashes} />}
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => onTake(merge.merged)}>{t(merge.clashes.length ? "merge_mine" : "merge_both")}</Button>
        <Button onClick={() => onTake(theirs)}>{t("merge_drop")}</Button>
      </div>
    </section>
  );
}

function Differences({ title, all }: { title: string; all: Difference[] }) {
  const { t } = useTranslation();
  return (
    <div>
      <p className="text-xs">{title}</p>
      <ul className="mt-1 flex flex-col gap-1 font-mono text-[13px]">
        {all.slice(0, 30).map(({ path, was, is }) => (
          <li key={path} className="break-all">
            {path}: <del aria-label={t("was")}>{shown(was)}</del> → <ins aria-label={t("is")} className="no-underline">{shown(is)}</ins>
          </li>
        ))}
      </ul>
    </div>
  );
}
