// Numbers and times as people read them, with their units.

const language = () => document.documentElement.lang || "en";

export function count(value: number | null | undefined) {
  if (value === null || value === undefined) return "–";
  const options = value >= 10_000 ? { notation: "compact" as const, maximumFractionDigits: 1 } : {};
  return new Intl.NumberFormat(language(), options).format(value);
}

export function percent(value: number | null | undefined) {
  if (value === null || value === undefined) return "–";
  const digits = value !== 0 && value < 1 ? 2 : 1;
  return `${value.toLocaleString(language(), { maximumFractionDigits: digits })} %`;
}

/** From microseconds. */
export function duration(us: number | null | undefined) {
  if (us === null || us === undefined) return "–";
  if (us < 1000) return `${Math.round(us)} µs`;
  const digits = us < 10_000 ? 1 : 0;
  if (us < 1_000_000) return `${(us / 1000).toFixed(digits)} ms`;
  return `${(us / 1_000_000).toFixed(us < 10_000_000 ? 2 : 1)} s`;
}

/** From billionths of a US dollar. */
export function money(nano: number | null | undefined) {
  if (nano === null || nano === undefined) return "–";
  const usd = nano / 1e9;
  const digits = usd !== 0 && usd < 1 ? 4 : 2;
  return `$${usd.toLocaleString(language(), { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
}

export function when(text: string | null | undefined) {
  if (!text) return "–";
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat(language(), options).format(new Date(text));
}

export function clock(text: string) {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false } as const;
  return new Intl.DateTimeFormat(language(), options).format(new Date(text));
}
