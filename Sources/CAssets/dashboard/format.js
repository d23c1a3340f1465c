// Numbers as a reader wants them. What was spent is rounded up and what is left is rounded down, here too.

const MINUS = "\u2212";

/** ε or another upper bound, rounded up to `digits` decimals; null means that no finite bound is known. */
export function upper(value, digits = 3) {
  return rounded(value, digits, 1);
}

/** An amount that is still free, rounded down. */
export function lower(value, digits = 3) {
  return rounded(value, digits, -1);
}

function rounded(value, digits, direction) {
  if (value === undefined) return "–";
  if (value === null) return "∞";
  const unit = 10 ** -digits;
  if (value !== 0 && Math.abs(value) < unit) return scientific(value, direction);
  let nearest = Number(value.toFixed(digits));
  if ((value - nearest) * direction > 0) nearest += direction * unit;
  return nearest.toFixed(digits);
}

function scientific(value, direction) {
  let [mantissa, exponent] = value.toExponential(2).split("e").map(Number);
  if ((value - mantissa * 10 ** exponent) * direction > 0) mantissa += direction * 0.01;
  return `${Number(mantissa.toFixed(2))}e${String(exponent).replace("-", MINUS)}`;
}

/** δ and other small numbers: 1e−5 rather than 0.00001. */
export function small(value) {
  if (value === undefined || value === null) return "–";
  if (value === 0) return "0";
  if (value >= 0.001 && value < 1000) return String(Number(value.toPrecision(4)));
  const [mantissa, exponent] = value.toExponential(3).split("e").map(Number);
  return `${mantissa}e${String(exponent).replace("-", MINUS)}`;
}

/** A plain number with at most `digits` significant digits. */
export function plain(value, digits = 4) {
  if (value === undefined || value === null) return "–";
  return String(Number(value.toPrecision(digits)));
}

export function count(value) {
  if (value === undefined || value === null) return "–";
  return new Intl.NumberFormat("en").format(value);
}

export function percent(value, digits = 1) {
  if (value === undefined || value === null) return "–";
  return `${(100 * value).toFixed(digits)} %`;
}

/** Seconds as 12 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds) {
  if (seconds === undefined || seconds === null || !Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function bytes(value) {
  if (value === undefined || value === null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** An ISO time in the reader's zone; the exact UTC text belongs in the element's title. */
export function time(iso) {
  if (!iso) return "–";
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return String(iso);
  return date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** The same without the year and the seconds, for tables. */
export function shortTime(iso) {
  const date = new Date(iso ?? "");
  if (Number.isNaN(date.getTime())) return "–";
  return date.toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** add_or_remove_one → add or remove one. */
export function words(identifier) {
  return identifier === undefined || identifier === null ? "–" : String(identifier).replaceAll("_", " ");
}
