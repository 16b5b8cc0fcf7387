// A dialog or a drawer by the browser's own <dialog>: what is behind it cannot be reached, Escape
// closes it, and the focus comes back to where it was.
import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "../i18n/use";
import { cx } from "./parts";

export function Dialog({
  title,
  open,
  onClose,
  drawer,
  children,
}: {
  title: string;
  open: boolean;
  onClose: () => void;
  drawer?: boolean;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (open && !element.current?.open) {
      element.current?.showModal();
      // It would begin at the button that closes it; what is to be filled in comes first.
      element.current?.querySelector<HTMLElement>("input:not([hidden]), select, textarea")?.focus();
    }
    if (!open && element.current?.open) element.current.close();
  }, [open]);
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      onClose={onClose}
      onMouseDown={(event) => event.target === element.current && element.current?.close()}
      className={cx(
        "border border-rule bg-sheet p-0 text-ink backdrop:bg-black/40",
        drawer
          ? "my-0 mr-0 ml-auto h-dvh max-h-none w-full max-w-xl"
          : "m-auto max-h-[85dvh] w-[calc(100%-32px)] max-w-lg rounded-md",
      )}
    >
      {open && (
        <div className="flex flex-col gap-6 p-6">
          <div className="flex items-start justify-between gap-4">
            <h2 id={id} className="text-lg font-semibold break-words">
              {title}
            </h2>
            <button
              type="button"
              aria-label={t("close")}
              onClick={() => element.current?.close()}
              className="rounded-sm p-1 text-muted hover:bg-wash hover:text-ink"
            >
              <X size={18} aria-hidden />
            </button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}
