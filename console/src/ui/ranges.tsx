// Which time range a page is about.
import { type Range, ranges } from "../api/questions";
import { useTranslation } from "../i18n/use";

export function Ranges({ current, onChoose }: { current: Range; onChoose: (range: Range) => void }) {
  const { t } = useTranslation();
  return (
    <fieldset className="flex rounded-md border border-edge">
      <legend className="sr-only">{t("range")}</legend>
      {(Object.keys(ranges) as Range[]).map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={current === one}
          onClick={() => onChoose(one)}
          className="h-8 px-3 text-sm text-muted first:rounded-l-[3px] last:rounded-r-[3px] aria-pressed:bg-wash aria-pressed:font-medium aria-pressed:text-ink"
        >
          {t(`range_${one}`)}
        </button>
      ))}
    </fieldset>
  );
}
